"""Two studies against what the field's own programs print for them, to every digit printed.

OR-DBM MRMC 2.51 (Schartz, Hillis, Pesce & Berbaum, University of Iowa): the outputs "VanDyke" (30 April 2020)
and "Franken1" (25 June 2020) kept in the tests of the R package RJafroc (dpc10ster/RJafroc,
tests/testthat/goodValues361/ Iowa). MRMCaov 0.2.0 (Smith & Hillis): its guide, "Using MRMCaov".
"""

import math

import numpy as np
import pytest

from tamperscope.judge.error_covariance import jackknife_covariance
from tamperscope.judge.mrmc import mrmc_auc, obuchowski_rockette
from tests.judge.studies import study

# 24 figures an output: AUCs reader by reader; mean squares T, R, TR, R:0, R:1; Var(R), Var(TR), Cov1, Cov2,
# Cov3, Var(error).
IOWA = {
    "van_dyke": {
        "aucs": "0.91964573 0.94782609 0.85877617 0.90531401 0.90386473 0.92173913 0.97310789 0.99935588 0.82979066 "
        "0.92995169",
        "means": "0.89703704 0.94083736",
        "squares": "0.00479617 0.00383620 0.00055103 0.00308263 0.00130460",
        "components": "0.00153500 0.00020040 0.00034661 0.00034407 0.00023903 0.00080229",
        # F or X2, denominator's degrees of freedom, p
        "tests": ("4.46 15.26 0.0517", "5.47595 inf 0.0193", "8.70 4.00 0.0420"),
        # difference, standard error, t or z, p, interval
        "differences": (
            "-0.04380 0.02075 -2.11 0.0517 -0.08796 0.00036",
            "-0.04380 0.01872 -2.34 0.0193 -0.08049 -0.00711",
            "-0.04380 0.01485 -2.95 0.0420 -0.08502 -0.00258",
        ),
        # standard error, interval; then degrees of freedom
        "single": (
            ("0.03317360 0.82522360 0.96885048", "12.74"),
            ("0.02156637 0.89413783 0.98753689", "12.71"),
            ("0.02428971 0.84943008 0.94464399", "inf"),
            ("0.01677632 0.90795637 0.97371835", "inf"),
            ("0.02482994 0.82809808 0.96597599", "4.00"),
            ("0.01615303 0.89598936 0.98568536", "4.00"),
        ),
        "readers": (
            "-0.02818 0.02551 -1.10 0.2693 -0.07818 0.02182",
            "-0.04654 0.02630 -1.77 0.0768 -0.09809 0.00501",
            "-0.01787 0.03121 -0.57 0.5668 -0.07904 0.04330",
            "-0.02625 0.01729 -1.52 0.1290 -0.06014 0.00764",
            "-0.10016 0.04406 -2.27 0.0230 -0.18651 -0.01381",
        ),
        "by_modality": "0.00101410 0.00048396 0.00059047 0.00020419",
        "by_reader": "0.00069890 0.00037347 0.00110605 0.00076016 0.00084234 0.00035532 0.00015058 0.00000108 "
        "0.00121357 0.00024304",
    },
    "franken": {
        "aucs": "0.85345997 0.84961556 0.86499322 0.84350972 0.85730439 0.84011759 0.81524197 0.81433740",
        "means": "0.84774989 0.83689507",
        "squares": "0.00023565 0.00068406 0.00005020 0.00049266 0.00024160",
        "components": "0.00003776 -0.00071276 0.00079168 0.00048364 0.00051251 0.00152578",
        "tests": ("4.69 3.00 0.1188", "0.32101 inf 0.5710", "4.69 3.00 0.1188"),
        "differences": (
            "0.01085 0.00501 2.17 0.1188 -0.00509 0.02680",
            "0.01085 0.01916 0.57 0.5710 -0.02670 0.04840",
            "0.01085 0.00501 2.17 0.1188 -0.00509 0.02680",
        ),
        "single": (
            ("0.02440215 0.79908282 0.89641696", "70.12"),
            ("0.02356642 0.79048429 0.88330585", "253.64"),
            ("0.02710939 0.79461647 0.90088331", "inf"),
            ("0.02744860 0.78309680 0.89069334", "inf"),
            ("0.01109801 0.81243106 0.88306871", "3.00"),
            ("0.00777173 0.81216196 0.86162818", "3.00"),
        ),
        "readers": (
            "0.00384 0.04279 0.09 0.9284 -0.08003 0.08772",
            "0.02148 0.04007 0.54 0.5919 -0.05705 0.10002",
            "0.01719 0.03499 0.49 0.6233 -0.05140 0.08577",
            "0.00090 0.03481 0.03 0.9793 -0.06731 0.06912",
        ),
        "by_modality": "0.00152278 0.00047230 0.00152877 0.00049498",
        "by_reader": "0.00147717 0.00056158 0.00151861 0.00071581 0.00137738 0.00076509 0.00172995 0.00112425",
    },
}


def same(values, printed):
    """Every value, rounded as its printed counterpart is, gives the same digits."""
    texts = printed.split()
    assert len(values) == len(texts)
    shown = [
        str(value) if math.isinf(value) else f"{value:.{len(text.partition('.')[2])}f}"
        for value, text in zip(values, texts, strict=True)
    ]
    assert shown == texts


def difference(estimate):
    return [
        estimate.value,
        estimate.standard_error,
        estimate.value / estimate.standard_error,
        estimate.p_value,
        *estimate.interval[:2],
    ]


@pytest.mark.parametrize("name", IOWA)
def test_iowa(name):
    printed, data = IOWA[name], study(name)
    result = mrmc_auc(data.truth, data.ratings)
    same(result.figures.T.ravel(), printed["aucs"])
    same(result.figures.mean(axis=1), printed["means"])
    same([result.mean_squares[key] for key in ("T", "R", "TR", "R:0", "R:1")], printed["squares"])
    parts = result.components
    same(
        [parts.reader, parts.modality_reader, parts.cov1, parts.cov2, parts.cov3, parts.error],
        printed["components"],
    )
    analyses = (
        result.random_readers_random_cases,
        result.fixed_readers_random_cases,
        result.random_readers_fixed_cases,
    )
    for analysis, test, line in zip(analyses, printed["tests"], printed["differences"], strict=True):
        df = analysis.test.df[1] if len(analysis.test.df) == 2 else math.inf
        same([analysis.test.statistic, df, analysis.test.p_value], test)
        same(difference(analysis.differences[0]), line)
    single = [estimate for analysis in analyses for estimate in analysis.modalities]
    for estimate, (line, df) in zip(single, printed["single"], strict=True):
        same([estimate.standard_error, *estimate.interval[:2]], line)
        same([estimate.df], df)
    for estimate, line in zip(analyses[1].by_reader, printed["readers"], strict=True):
        same(difference(estimate), line)
    errors = result.covariance
    same([x for i in range(2) for x in (errors.variance(i), errors.cov2(i))], printed["by_modality"])
    by_reader = [x for j in range(len(data.readers)) for x in (errors.variance(reader=j), errors.cov1(j))]
    same(by_reader, printed["by_reader"])


def test_iowa_one_modality():
    # "VanDyke1T" (8 May 2020), in RJafroc, inst/IowaResults: the first modality alone.
    data = study("van_dyke")
    result = mrmc_auc(data.truth, data.ratings[:1])
    assert result.components is None
    assert result.random_readers_random_cases.test is None
    (both,) = result.random_readers_random_cases.modalities
    same([both.value, both.standard_error, *both.interval[:2]], "0.89703704 0.03317360 0.82522360 0.96885048")
    same([both.df], "12.74")
    errors = result.covariance
    same([errors.variance(), errors.cov2(), errors.cov2() / errors.variance()], "0.00101410 0.00048396 0.47723151")
    same([errors.variance(reader=j) for j in range(5)], "0.00090755 0.00132316 0.00079859 0.00030064 0.00174057")


@pytest.mark.parametrize(
    ("method", "components", "test", "interval", "single"),
    [
        (
            "jackknife",
            "0.0015349993 0.0002004025 0.0008022883 0.0003466137 0.0003440748 0.0002390284",
            "4.456319 15.25967 0.05166569",
            "0.02074862 -0.0879594986 0.0003588544",
            "0.03317360 12.74465 0.8252236 0.9688505",
        ),
        (
            "DeLong",
            "0.0015364254 0.0002045840 0.0007921325 0.0003420090 0.0003395265 0.0002358497",
            "4.484854 15.06611 0.05123303",
            "0.0206825 -0.0878671960 0.0002665519",
            "0.03307642 12.59597 0.8253461 0.9687280",
        ),
        (
            "unbiased",
            "0.0015365290 0.0002077588 0.0007883925 0.0003416706 0.0003390650 0.0002356148",
            "4.489614 15.03418 0.0511618",
            "0.02067154 -0.0878519409 0.0002512968",
            "0.0330712 12.58802 0.8253526 0.9687214",
        ),
    ],
)
def test_mrmcaov_covariances(method, components, test, interval, single):
    data = study("van_dyke")
    result = mrmc_auc(data.truth, data.ratings, covariance=method)
    parts = result.components
    same([parts.reader, parts.modality_reader, parts.error, parts.cov1, parts.cov2, parts.cov3], components)
    analysis = result.random_readers_random_cases
    same([analysis.test.statistic, analysis.test.df[1], analysis.test.p_value], test)
    one = analysis.differences[0]
    same([one.standard_error, *one.interval[:2]], interval)
    first = analysis.modalities[0]
    same([first.standard_error, first.df, *first.interval[:2]], single)


def test_mrmcaov_sensitivity():
    """Another figure of merit: the share of diseased cases rated 3 or more, jackknifed over the diseased."""
    data = study("van_dyke")
    diseased = data.ratings[:, :, data.truth] >= 3
    errors = jackknife_covariance(lambda cases: diseased[:, :, cases].mean(axis=2), diseased.shape[2])
    result = obuchowski_rockette(errors)
    parts = result.components
    same(
        [parts.reader, parts.modality_reader, parts.error, parts.cov1, parts.cov2, parts.cov3],
        "0.0049747475 0.0007828283 0.0023681257 0.0009943883 0.0010145903 0.0006604938",
    )
    test = result.random_readers_random_cases.test
    same([test.statistic, test.df[1], test.p_value], "6.689493 15.71732 0.02008822")
    first, second = result.random_readers_random_cases.modalities
    same([first.value, first.standard_error, first.df], "0.8222222 0.05893747 14.456811")
    same([second.value, second.standard_error, second.df], "0.9200000 0.03741657 7.575855")


def test_the_data_are_as_described():
    for name, shape, positives in (("van_dyke", (2, 5, 114), 45), ("franken", (2, 4, 100), 67)):
        data = study(name)
        assert data.ratings.shape == shape
        assert data.truth.sum() == positives
        assert set(np.unique(data.ratings)) == {1, 2, 3, 4, 5}
