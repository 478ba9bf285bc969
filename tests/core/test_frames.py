"""Data between steps: handed over once, dropped when nobody needs it."""

from __future__ import annotations

import pandas as pd
import pytest

from odibi_core.core import Step, create_engine_context
from odibi_core.core.contexts import Contexts
from odibi_core.core.frames import FrameStore
from odibi_core.errors import EngineError, MissingInputError, UnknownEngineError
from odibi_core.journal.redaction import Redactor

STEPS = [
    Step("ingest", "make", outputs={"a": "one", "b": "two", "c": "unread"}),
    Step(name="use", inputs={"x": "one", "again": "one"}, outputs={"d": "three"}),
    Step(name="late", inputs={"x": "one", "y": "two"}),
]


@pytest.fixture
def duckdb():
    with create_engine_context("duckdb") as context:
        yield context


@pytest.fixture
def contexts(duckdb):
    contexts = Contexts(duckdb)
    contexts.get("duckdb")
    yield contexts
    contexts.close()


def store_of(contexts, keep=False):
    store = FrameStore({}, contexts, STEPS, keep=keep)
    frame = contexts.get("duckdb").adopt(pd.DataFrame({"n": [1]}))
    store.add(STEPS[0], {"one": frame, "two": frame, "unread": frame})
    return store, frame


def test_a_frame_goes_when_its_last_reader_is_done(contexts):
    store, frame = store_of(contexts)
    store.step_ended(STEPS[0])
    assert set(store.data_map) == {"one", "two"}  # nobody reads the third
    store.step_ended(STEPS[1])
    assert set(store.data_map) == {"one", "two"}
    assert frame.df()["n"].tolist() == [1]
    store.step_ended(STEPS[2])
    assert store.data_map == {}
    with pytest.raises(EngineError):
        frame.df()


def test_a_frame_under_two_keys_lives_until_both_are_gone(contexts):
    store, frame = store_of(contexts)
    store._forget("one")
    assert frame.df()["n"].tolist() == [1]
    store._forget("two")
    store._forget("unread")
    with pytest.raises(EngineError):
        frame.df()


def test_frames_stay_when_they_are_to_be_kept(contexts):
    store, frame = store_of(contexts, keep=True)
    for step in STEPS:
        store.step_ended(step)
    assert set(store.data_map) == {"one", "two", "unread"}
    assert frame.df()["n"].tolist() == [1]


def test_a_frame_crosses_once_for_each_engine_and_stays_where_it_is(contexts):
    store, frame = store_of(contexts)
    pandas = contexts.get("pandas")
    first = store.inputs_of(STEPS[1], pandas)["one"]
    assert isinstance(first, pd.DataFrame)
    assert store.inputs_of(STEPS[2], pandas)["one"] is first
    assert store.inputs_of(STEPS[2], contexts.get("duckdb"))["one"] is frame
    assert store.data_map["one"] is frame


def test_what_took_a_key_before_is_let_go(contexts):
    store, frame = store_of(contexts)
    other = contexts.get("duckdb").adopt(pd.DataFrame({"n": [2]}))
    store.inputs_of(STEPS[1], contexts.get("pandas"))
    store.add(STEPS[0], {"one": other, "two": other, "unread": other})
    assert store.inputs_of(STEPS[1], contexts.get("pandas"))["one"]["n"].tolist() == [2]
    with pytest.raises(EngineError):
        frame.df()


def test_the_name_of_a_connection_does_not_cross(contexts):
    store, _ = store_of(contexts)
    store.data_map["one"] = "warehouse"
    assert store.inputs_of(STEPS[1], contexts.get("pandas")) == {"one": "warehouse"}


def test_a_missing_key_names_the_nearest_that_some_step_outputs(contexts):
    store, _ = store_of(contexts)
    with pytest.raises(MissingInputError, match="`thre` not found") as raised:
        store.inputs_of(Step(name="s", inputs={"x": "thre"}), contexts.get("duckdb"))
    assert raised.value.help == "a step outputs `three`"


def test_other_engines_share_secrets_base_directory_and_connections(tmp_path):
    given = create_engine_context("pandas", secrets={"a": "b"}, base_dir=tmp_path)
    contexts = Contexts(given)
    assert contexts.get("pandas") is given
    made = contexts.get("duckdb")
    assert contexts.get("duckdb") is made
    assert (made.secrets, made.base_dir, made.connections) == (given.secrets, tmp_path, given.connections)
    with pytest.raises(UnknownEngineError):
        contexts.get("dukdb")
    contexts.close()
    given.close()


def test_secrets_that_are_asked_for_become_known_and_the_source_can_still_be_sent_elsewhere():
    import pickle

    given = create_engine_context("pandas", secrets=str.upper)
    redactor = Redactor()
    for _ in range(2):  # a second run does not wrap the wrapper
        Contexts(given).hide_secrets(redactor)
    assert given.get_secret("hunter22") == "HUNTER22"
    assert redactor.text("HUNTER22") == "***"
    assert pickle.loads(pickle.dumps(given.secrets)) == str.upper
