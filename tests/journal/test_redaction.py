"""Secrets never reach a journal, whichever way they are written; and nothing else is touched."""

from __future__ import annotations

import base64
import json
import urllib.parse

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odibi_core.journal import events as ev
from odibi_core.journal.codec import encode_event
from odibi_core.journal.reader import JournalReader
from odibi_core.journal.redaction import Redactor
from tests.counts import count
from tests.journal.journals import any_event, write_journal

NASTY = 'p"a\\ss\n\twörd\x1b/{}'


def texts_of(value) -> list[str]:
    """Every text in a JSON value, keys too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [t for k, v in value.items() for t in [k, *texts_of(v)]]
    return [t for item in value for t in texts_of(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("secret", ["hunter22", NASTY, "πάσχα", "a'b'c'd", "s\ud800urrogate", "1234567"])
def test_a_secret_is_taken_out_of_every_free_text_of_an_event(secret):
    redactor = Redactor([secret])
    error = ev.ErrorInfo("ValueError", f"no {secret}", traceback=f"File x\n{secret}", help=secret)
    events = [
        ev.Log(message=f"login with {secret}!"),
        ev.StepFinished(step="s", state="failed", error=error, reason=f"because {secret}"),
        ev.Snapshot(
            step="s",
            position="after",
            columns=(ev.ColumnInfo(f"c {secret}", "string"),),
            sample=({f"c {secret}": [secret, {"deep": f"<{secret}>"}]},),
        ),
        ev.RunStarted(run_id="r", pipeline="p", options={"variables": {"x": secret}}, steps=()),
        ev.Retry(step="s", attempt=1, delay_s=0.0, error=error),
    ]
    for event in events:
        line = redactor.line(encode_event(event))
        for text in texts_of(msgspec.json.decode(line)):
            assert secret not in text and "***" not in secret
        assert b"***" in line
        msgspec.json.decode(line, type=ev.AnyEvent)


def test_no_json_escape_hides_a_secret():
    for written in (r"hunter22", r"hunter22", r"hunter22"):
        line = b'{"type":"log","ts":"2026-01-31T12:00:00Z","message":"x %s"}' % written.encode()
        assert json.loads(Redactor(["hunter22"]).line(line))["message"] == "x ***"
    slashed = rb'{"type":"log","ts":"2026-01-31T12:00:00Z","message":"a\/b\/c\/d"}'
    assert json.loads(Redactor(["a/b/c/d"]).line(slashed))["message"] == "***"


def test_a_secret_that_looks_like_the_end_of_an_escape_breaks_no_line():
    line = encode_event(ev.Log(message="first\nnext \u0001b"))
    for secret in ("next", "nnext", "u0001b", "0001"):
        assert json.loads(Redactor([secret]).line(line))["message"] == (
            "first\n*** \u0001b" if secret == "next" else "first\nnext \u0001b"
        )


@pytest.mark.parametrize(
    "disguise",
    [
        repr,
        json.dumps,
        lambda s: urllib.parse.quote(s, safe=""),
        urllib.parse.quote_plus,
        lambda s: base64.b64encode(s.encode()).decode(),
        lambda s: s.replace("'", "''"),
        lambda s: json.dumps(s, ensure_ascii=False),
    ],
)
def test_usual_disguises_of_a_secret_are_known(disguise):
    for secret in ("p@ss w'rd/1", NASTY, "zwölf€"):
        written = disguise(secret)
        found = Redactor([secret]).text(f"postgresql://me:{written}@host")
        assert "***" in found
        assert written.strip("'\"") not in found


def test_each_line_of_a_long_secret_is_a_secret():
    key = "-----BEGIN KEY-----\nMIIEpAIBAAKC\nabc\n-----END KEY-----\n"
    redactor = Redactor([key])
    assert redactor.text("got MIIEpAIBAAKC") == "got ***"
    assert redactor.text("abc") == "abc"  # too short to say anything
    assert Redactor(["secret\n"]).text("secret!") == "***!"


def test_secrets_that_overlap_leave_nothing_of_either():
    redactor = Redactor(["abcdef", "defghi", "abcd"])
    assert redactor.text("-abcdefghi-abcd-") == "-***-***-"
    assert redactor.text("abcdefabcdef") == "******"


def test_a_short_secret_is_redacted_where_it_is_the_whole_text():
    redactor = Redactor(["5", "dev"])
    assert redactor.text("5 rows of devices") == "5 rows of devices"
    assert redactor.text("5") == redactor.text("dev") == "***"
    line = redactor.line(
        encode_event(ev.Snapshot(step="s", position="after", sample=({"env": "dev", "n": 5},)))
    )
    assert msgspec.json.decode(line)["sample"] == [{"env": "***", "n": 5}]


@pytest.mark.parametrize("secret", ["orders", "success", "step_finished", "type", "step", "message", "2026"])
def test_a_secret_that_names_a_step_or_a_word_of_the_journal_breaks_no_fold(tmp_path, secret):
    events = [
        ev.RunStarted(run_id="r", pipeline="p", steps=(ev.StepInfo("orders", "ingest", value=secret),)),
        ev.StepFinished(step="orders", state="success", reason=secret),
        ev.DatasetStored(dataset="orders", kind="preview", file="data/0001.preview.parquet", rows=1),
    ]
    path = write_journal(tmp_path / "j", events, redactor=Redactor([secret]))
    with JournalReader(path) as reader:
        started, finished, stored = (event for _, event in reader.read())
    assert started.steps == (ev.StepInfo("orders", "ingest", value="***"),)
    assert (finished.step, finished.state, finished.reason) == ("orders", "success", "***")
    assert stored.dataset == "orders" and stored.file == "data/0001.preview.parquet"


def test_the_place_of_an_error_stays_where_it_is():
    diagnostic = {"code": "ODB304", "path": "/home/me/p.json", "line": 3, "message": "no /home/me here"}
    error = ev.ErrorInfo("home.meError", "x /home/me", diagnostic=diagnostic)
    line = Redactor(["/home/me", "home.meError"]).line(
        encode_event(ev.StepFinished(step="s", state="failed", error=error))
    )
    told = msgspec.json.decode(line, type=ev.AnyEvent).error
    assert (told.type, told.message) == ("home.meError", "x ***")
    assert told.diagnostic == {**diagnostic, "message": "no *** here"}


def test_nothing_and_blanks_are_no_secrets():
    redactor = Redactor(["", "   "])
    assert not redactor and redactor.text("a   b") == "a   b"
    redactor.add("hunter22")
    assert redactor and redactor.text("hunter22") == "***"


def test_values_are_redacted_with_their_keys():
    assert Redactor(["hunter22"]).value({"hunter22": ["x hunter22", 5, None, ("hunter22",)]}) == {
        "***": ["x ***", 5, None, ["***"]]
    }


@given(st.text(min_size=4, max_size=12).filter(str.strip), any_event, st.text(max_size=5))
@settings(max_examples=count(3000), deadline=None)
def test_a_journal_never_holds_a_secret_and_always_reads(secret, event, around):
    redactor = Redactor([secret])
    message = ev.Log(message=f"{around}{secret}{around}")
    for written in (message, event):
        line = redactor.line(encode_event(written))
        msgspec.json.decode(line, type=ev.AnyEvent)
    told = msgspec.json.decode(redactor.line(encode_event(message)))["message"]
    assert secret not in told or secret in "***"


def test_tables_are_redacted_in_text_of_every_type():
    table = pa.table(
        {
            "plain": ["a hunter22", None, "b"],
            "large": pa.array(["hunter22", "x", "y"], pa.large_string()),
            "view": pa.array(["hunter22", "x", "y"], pa.string_view()),
            "dict": pa.array(["hunter22", "x", "x"]).dictionary_encode(),
            "list": [["hunter22", None], [], None],
            "struct": [{"a": "hunter22", "n": 1}, None, {"a": "x", "n": 2}],
            "map": pa.array([[("hunter22", "v")], [], None], pa.map_(pa.string(), pa.string())),
            "binary": [b"\0hunter22", None, b"x"],
            "n": [1, 2, 3],
            "is hunter22": [True, False, None],
        }
    )
    found = Redactor(["hunter22"]).table(table)
    assert "hunter22" not in str(found.to_pydict()) and "hunter22" not in str(found.schema)
    assert found.column_names[-1] == "is ***"
    assert found.to_pydict()["plain"] == ["a ***", None, "b"]
    assert found.to_pydict()["struct"] == [{"a": "***", "n": 1}, None, {"a": "x", "n": 2}]
    assert found.to_pydict()["binary"] == [b"\0***", None, b"x"]
    assert found.column("n") == table.column("n")
    assert Redactor().table(table) is table


def test_short_secrets_are_redacted_in_tables_where_they_are_the_whole_cell():
    found = Redactor(["dev"]).table(pa.table({"env": ["dev", "device"]}))
    assert found.to_pydict() == {"env": ["***", "device"]}
