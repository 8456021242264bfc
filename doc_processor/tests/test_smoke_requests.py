"""requests talks to a server on the loopback interface, and to nobody else."""

import gzip
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import processor
import pytest
import requests

IMAGE = processor.encode(processor.render("fetched"), "PNG")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/image.png":
            self.reply(200, IMAGE, {"Content-Type": "image/png"})
        elif self.path == "/moved":
            self.reply(302, b"", {"Location": "/image.png"})
        elif self.path == "/packed":
            self.reply(200, gzip.compress(b'{"wheels": 12}'), {"Content-Type": "application/json", "Content-Encoding": "gzip"})
        else:
            self.reply(404, b"no such page", {})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = {"body": body, "agent": self.headers["User-Agent"]}
        self.reply(201, json.dumps(said).encode(), {"Content-Type": "application/json"})

    def reply(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Say nothing: the tests' output is for their results."""


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield "http://127.0.0.1:%d" % running.server_port
        running.shutdown()
        thread.join()


@pytest.fixture
def session():
    with requests.Session() as fresh:
        fresh.trust_env = False  # no proxy may stand before the loopback
        yield fresh


def test_image_is_fetched_through_a_redirect(server, session):
    answer = session.get(server + "/moved", timeout=10)
    assert [step.status_code for step in answer.history] == [302]
    assert answer.url == server + "/image.png"
    assert answer.content == IMAGE
    assert processor.fetch(server + "/moved").tobytes() == processor.decode(IMAGE).tobytes()


def test_json_goes_and_comes(server, session):
    session.headers["User-Agent"] = "doc-processor"
    answer = session.post(server + "/", json={"name": "Größe", "pages": [1, 2]}, timeout=10)
    assert answer.status_code == 201
    assert answer.json() == {"body": {"name": "Größe", "pages": [1, 2]}, "agent": "doc-processor"}


def test_packed_answer_is_unpacked(server, session):
    assert session.get(server + "/packed", timeout=10).json() == {"wheels": 12}


def test_missing_page_raises(server):
    with pytest.raises(requests.HTTPError, match="404"):
        processor.fetch(server + "/none.png")


def test_silent_server_times_out(session):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(requests.Timeout):
            session.get("http://127.0.0.1:%d/" % silent.getsockname()[1], timeout=0.2)


def test_closed_port_is_refused(session):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(requests.ConnectionError):
        session.get("http://127.0.0.1:%d/" % port, timeout=10)
