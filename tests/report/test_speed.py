"""What a scan writes costs little beside the scoring."""

from time import thread_time

import pytest

from tamperscope.report.outcome import describe, write_outcome
from tests.detect.images import make_mammogram
from tests.report.doubles import make_finding

MOST_SECONDS = 0.06
"""Processor time for a film of full size."""


@pytest.mark.slow
def test_a_full_size_image_is_written_in_time(tmp_path):
    mammogram = make_mammogram(4600, 2750, spacing_mm=0.05)
    finding = make_finding(mammogram, hot=((20, 25), (30, 30), (40, 25)))

    def once():
        start = thread_time()
        facts = describe(tmp_path / "x.dcm", finding, sha256="0" * 64, mammogram=mammogram)
        write_outcome(tmp_path / "x", facts, finding, mammogram)
        return thread_time() - start

    assert min(once() for _ in range(9)) < MOST_SECONDS
