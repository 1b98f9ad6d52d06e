"""Downloads from a local server that behaves like the archive's."""

import hashlib
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import pytest

from tamperscope.benchmark.download import download_series, read_series_list
from tamperscope.errors import TamperscopeError

SERIES = ["1.2.3", "1.2.4", "1.2.5"]


def archive(uid, *, damaged=False):
    image = f"image of {uid}".encode() * 1000
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as content:
        content.writestr("1-1.dcm", image[:-1] if damaged else image)
        content.writestr("md5hashes.csv", f"filename,hash\n1-1.dcm,{hashlib.md5(image).hexdigest()}\n")
    return target.getvalue()


@pytest.fixture
def server():
    """Serves every series; what is in ``broken`` is damaged, cut off or missing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = urlparse(self.path)
            uid = parse_qs(asked.query)["SeriesInstanceUID"][0]
            running.asked.append(uid)
            fault = running.broken.get(uid)
            if not asked.path.endswith("/getImageWithMD5Hash") or fault == "missing":
                self.send_error(404)
                return
            content = archive(uid, damaged=fault == "damaged")
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if fault == "cut off" else content)

        def log_message(self, *arguments):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.asked, running.broken = [], {}
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()


def url(server):
    return f"http://127.0.0.1:{server.server_address[1]}/v1"


@pytest.mark.parametrize("fault", ["damaged", "missing", "cut off"])
def test_what_is_not_whole_is_not_kept_and_the_rest_goes_on(server, tmp_path, fault):
    server.broken["1.2.4"] = fault
    with pytest.raises(TamperscopeError, match=r"1\.2\.4"):
        download_series(SERIES, tmp_path, api=url(server))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.2.3"]
    server.broken.clear()
    folders = download_series(SERIES, tmp_path, api=url(server))
    assert [folder.name for folder in folders] == SERIES
    for folder in folders:
        assert (folder / "1-1.dcm").read_bytes() == f"image of {folder.name}".encode() * 1000
    # What was there is not asked for again.
    assert server.asked.count("1.2.3") == 1


def test_lists_of_series(tmp_path):
    path = tmp_path / "collection.tcia"
    path.write_text("downloadServerUrl=https://example.org\nListOfSeriesToDownload=\n1.2.3\n1.2.4\n\n")
    assert read_series_list(path) == ["1.2.3", "1.2.4"]
    path.write_text("ListOfSeriesToDownload=\n../../etc\n")
    with pytest.raises(TamperscopeError, match="names no series"):
        read_series_list(path)
    path.write_text("hello")
    with pytest.raises(TamperscopeError, match="no list of series"):
        read_series_list(path)
