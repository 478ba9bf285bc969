"""Steps that speak HTTP, against a server in this process."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

from odibi_core.core import Step
from odibi_core.errors import StepError, StepOptionError, StepTimeoutError
from tests.builders import orchestrator


class Server(ThreadingHTTPServer):
    """Answers by path, and remembers what it was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        self.answers = {}
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        code, kind, answer = self.server.answers.get(
            self.path.split("?")[0], (404, "text/plain", b"nothing here")
        )
        if callable(answer):
            answer(self)
            return
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *args):
        pass


@contextmanager
def serving():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server():
    with serving() as server:
        yield server


def fetch(bench, url, **params):
    bench.run(Step("ingest", "get", "api", value=url, params=params, outputs={"data": "got"}))
    return bench.frame("got")


# -- fetching -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]'),
        ("application/x-ndjson", b'{"id": 1, "name": "a"}\n{"id": 2, "name": "b"}\n'),
        ("text/csv", b"id,name\n1,a\n2,b\n"),
        ("application/octet-stream", b' [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]'),
    ],
)
def test_json_json_lines_and_csv_are_read(bench, server, kind, body):
    server.answers["/data"] = (200, kind, body)
    assert fetch(bench, f"{server.url}/data") == {"id": [1, 2], "name": ["a", "b"]}
    assert bench.execution("get").after_snapshot.row_count == 2


def test_rows_may_stand_deep_in_an_answer(bench, server):
    server.answers["/data"] = (200, "application/json", b'{"data": {"items": [{"id": 7}]}, "next": null}')
    assert fetch(bench, f"{server.url}/data", records="data.items") == {"id": [7]}
    with pytest.raises(StepOptionError, match="no `itms`") as raised:
        fetch(bench, f"{server.url}/data", records="data.itms")
    assert "items" in raised.value.help


def test_query_and_headers_are_sent(bench, server, monkeypatch):
    monkeypatch.setenv("ODIBI_TEST_TOKEN", "t0psecret")
    server.answers["/data"] = (200, "application/json", b'[{"id": 1}]')
    fetch(
        bench, f"{server.url}/data?a=1", query={"since": "2026-01-31 10:00", "tag": ["x", "y"]},
        headers={"Authorization": "Bearer ${env:ODIBI_TEST_TOKEN}"},
    )  # fmt: skip
    method, path, headers, _ = server.asked[0]
    assert (method, path) == ("GET", "/data?a=1&since=2026-01-31+10%3A00&tag=x&tag=y")
    assert headers["Authorization"] == "Bearer t0psecret"


def test_an_answer_that_is_not_what_was_expected_shows_how_it_starts(bench, server):
    server.answers["/data"] = (200, "application/json", b"<html>Sign in</html>")
    with pytest.raises(StepError, match="not JSON") as raised:
        fetch(bench, f"{server.url}/data")
    assert "<html>Sign in" in raised.value.help


def test_an_answer_without_rows_says_so(bench, server):
    server.answers["/data"] = (200, "application/json", b"[1, 2]")
    with pytest.raises(StepError, match="no rows"):
        fetch(bench, f"{server.url}/data")


def test_a_refusal_names_url_status_and_what_was_said(bench, server):
    server.answers["/data"] = (503, "text/plain", b"try\nlater\x1b[31m")
    with pytest.raises(StepError, match=rf"GET {server.url}/data answered 503 .*: try later$"):
        fetch(bench, f"{server.url}/data?key=t0psecret")


def test_a_server_that_is_not_there(bench):
    with pytest.raises(StepError, match=r"GET http://127.0.0.1:1/data failed: .*refused"):
        fetch(bench, "http://127.0.0.1:1/data")


def redirect(location):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", location)
        handler.end_headers()

    return 302, "", answer


def test_a_redirect_is_followed_and_takes_no_secret_to_another_host(bench, server):
    with serving() as other:
        other.answers["/data"] = server.answers["/data"] = (200, "application/json", b'[{"id": 1}]')
        server.answers["/here"] = redirect(f"{server.url}/data")
        server.answers["/there"] = redirect(f"{other.url}/data")
        for path in ("/here", "/there"):
            fetched = fetch(
                bench, server.url + path, headers={"X-Key": "t0psecret", "authorization": "t0psecret"}
            )
            assert fetched == {"id": [1]}
        assert server.asked[1][1] == "/data" and server.asked[1][2]["X-Key".title()] == "t0psecret"
        assert "t0psecret" not in str(other.asked)


def test_a_redirect_to_another_scheme_is_refused(bench, server):
    server.answers["/data"] = redirect("file:///etc/passwd")
    with pytest.raises(StepError, match="302"):
        fetch(bench, f"{server.url}/data")


def test_other_schemes_are_refused(bench):
    with pytest.raises(StepOptionError, match="http"):
        fetch(bench, "file:///etc/passwd")


@pytest.mark.parametrize("drips", [False, True])
def test_a_server_that_takes_too_long_is_left_at_the_timeout(tmp_path, server, drips):
    over = threading.Event()

    def slow(handler):
        if drips:
            handler.send_response(200)
            handler.end_headers()
        while not over.wait(0.05):
            if drips:
                try:
                    handler.wfile.write(b" ")
                except OSError:
                    return

    server.answers["/data"] = (200, "", slow)
    step = Step("ingest", "get", "api", "pandas", f"{server.url}/data", outputs={"d": "got"})
    step.metadata = {"timeout": 0.4}
    run = orchestrator([step], tmp_path, engine="pandas")
    try:
        with pytest.raises(StepTimeoutError, match=r"0\.4 s"):
            run.run()
    finally:
        over.set()


# -- sending ------------------------------------------------------------------------------------------


def publish(bench, url, rows=None, type="api", **params):
    frame = pd.DataFrame(rows if rows is not None else {"id": [1, 2], "name": ["a", None]})
    bench.data_map["x"] = bench.context.adopt(frame)
    bench.run(Step("publish", "send", type, value=url, params=params, inputs={"data": "x"}))


@pytest.mark.parametrize(
    ("form", "kind", "body"),
    [
        ("json", "application/json", b'[{"id": 1, "name": "a"}, {"id": 2, "name": null}]'),
        ("jsonl", "application/x-ndjson", b'{"id": 1, "name": "a"}\n{"id": 2, "name": null}\n'),
        ("csv", "text/csv; charset=utf-8", b"id,name\n1,a\n2,\n"),
    ],
)
@pytest.mark.parametrize("type", ["api", "config_op"])
def test_rows_are_posted(bench, server, form, kind, body, type):
    server.answers["/in"] = (201, "text/plain", b"")
    publish(bench, f"{server.url}/in", type=type, format=form)
    ((method, _, headers, sent),) = server.asked
    assert (method, headers["Content-Type"], sent) == ("POST", kind, body)
    assert bench.execution("send").before_snapshot.row_count == 2


def test_method_headers_and_batches(bench, server, monkeypatch):
    monkeypatch.setenv("ODIBI_TEST_TOKEN", "t0psecret")
    server.answers["/in"] = (200, "text/plain", b"")
    progress = []
    bench.events.on("step_progress", lambda **kwargs: progress.append((kwargs["rows"], kwargs["fraction"])))
    publish(
        bench, f"{server.url}/in", {"id": [1, 2, 3]}, method="put", batch_size=2,
        headers={"X-Key": "${env:ODIBI_TEST_TOKEN}"},
    )  # fmt: skip
    assert [method for method, *_ in server.asked] == ["PUT", "PUT"]
    assert [json.loads(sent) for *_, sent in server.asked] == [[{"id": 1}, {"id": 2}], [{"id": 3}]]
    assert server.asked[0][2]["X-Key"] == "t0psecret"
    assert progress == [(2, 2 / 3), (3, 1.0)]


def test_an_empty_result_is_sent_too(bench, server):
    server.answers["/in"] = (200, "text/plain", b"")
    publish(bench, f"{server.url}/in", pd.DataFrame({"id": pd.Series([], dtype="int64")}), format="csv")
    assert server.asked[0][3] == b"id\n"


def test_secrets_of_a_request_show_in_no_error_and_no_log(tmp_path, server, monkeypatch):
    monkeypatch.setenv("ODIBI_TEST_TOKEN", "t0psecret")
    server.answers["/in"] = (401, "text/plain", b"bad token t0psecret")
    step = Step("ingest", "get", "api", "pandas", f"{server.url}/in", outputs={"d": "got"})
    step.params = {"headers": {"Authorization": "${env:ODIBI_TEST_TOKEN}"}}
    run = orchestrator([step], tmp_path, engine="pandas")
    with pytest.raises(StepError, match=r"401 .*bad token \*\*\*"):
        run.run()
    assert not any(b"t0psecret" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


@pytest.mark.parametrize("params", [{"method": "GET"}, {"format": "xml"}, {"hedders": {}}])
def test_options_that_make_no_sense_are_refused(bench, server, params):
    with pytest.raises(StepOptionError):
        publish(bench, f"{server.url}/in", **params)
    assert server.asked == []


# -- exchanging ---------------------------------------------------------------------------------------


def test_a_transform_sends_its_input_and_takes_the_answer(bench, server):
    server.answers["/score"] = (200, "application/json", b'[{"id": 1, "score": 0.5}]')
    bench.data_map["x"] = bench.context.adopt(pd.DataFrame({"id": [1]}))
    step = Step(
        name="s", type="api", value=f"{server.url}/score", inputs={"data": "x"}, outputs={"data": "y"}
    )
    bench.run(step)
    assert bench.frame("y") == {"id": [1], "score": [0.5]}
    method, _, _, sent = server.asked[0]
    assert (method, json.loads(sent)) == ("POST", [{"id": 1}])
