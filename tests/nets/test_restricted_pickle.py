"""Pickles that want to do something: nothing is done, and what makes no sense is refused in half a sentence."""

import collections
import functools
import io
import pickle
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paic3d_studio.nets.import_official import official_weights
from paic3d_studio.nets.pickle_values import Inert, Limits, Refused
from paic3d_studio.nets.pickled_files import STREAM_MAGIC, read_pickled
from tests import official_files as files


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """Where a file leaves a note when something in it is executed."""
    return tmp_path / "executed"


@pytest.fixture
def tempting(tmp_path: Path, note: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that leaves a note when it is imported, and whose `run` and `Kind` do so when called."""
    source = files.note_leaving_source(note)
    body = "".join(f"    {line}\n" for line in source.splitlines())
    (tmp_path / "tempting_module.py").write_text(
        f"{source}\ndef run(*_):\n{body}\nclass Kind:\n  def __setstate__(self, _):\n"
        + "".join(f"  {line}\n" for line in body.splitlines())
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return "tempting_module"


def refusal(content: bytes, **options: Any) -> str:
    with pytest.raises(Refused) as refused:
        official_weights(content, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def text(value: str) -> bytes:
    """The opcode that pushes a text."""
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


RUNS_PROGRAMS = {
    "reduce": lambda note: b"cos\nsystem\n(" + text(f"touch {note}") + b"tR.",
    "reduce, by a name from the stack": lambda note: (
        b"\x80\x04" + text("posix") + text("system") + b"\x93" + text(f"touch {note}") + b"\x85R."
    ),
    "eval": lambda note: b"c__builtin__\neval\n(" + text(f"open({str(note)!r}, 'w')") + b"tR.",
    "exec": lambda note: b"cbuiltins\nexec\n(" + text(files.note_leaving_source(note)) + b"tR.",
    "instance": lambda note: b"(" + text(f"touch {note}") + b"ios\nsystem\n.",
    "object": lambda note: b"(cos\nsystem\n" + text(f"touch {note}") + b"o.",
    "new object": lambda note: b"\x80\x02csubprocess\nPopen\n(" + text(f"touch {note}") + b"t\x81.",
    "a pickle within": lambda _: b"cpickle\nloads\n(" + text("cos\nsystem\n.") + b"tR.",
    "a hub": lambda _: b"ctorch.hub\nload\n(" + text("some/where") + b"tR.",
    "a dotted name": lambda _: b"\x80\x04" + text("os") + text("path.join") + b"\x93.",
}


@pytest.mark.parametrize("kind", RUNS_PROGRAMS)
def test_whatever_would_run_a_program_is_refused_and_not_run(kind: str, note: Path) -> None:
    assert "which no weights need; nothing of it was run" in refusal(RUNS_PROGRAMS[kind](note))
    assert not note.exists()


TEMPTS = {
    "global": lambda name: f"c{name}\nrun\n.".encode(),
    "reduce": lambda name: f"c{name}\nrun\n(tR.".encode(),
    "instance": lambda name: f"(i{name}\nKind\n.".encode(),
    "object": lambda name: f"(c{name}\nKind\no.".encode(),
    "new object and build": lambda name: f"\x80\x02c{name}\nKind\n)\x81}}b.".encode("latin-1"),
    "new object with names": lambda name: f"\x80\x04c{name}\nKind\n)}}\x92.".encode("latin-1"),
    "by a name from the stack": lambda name: b"\x80\x04" + text(name) + text("run") + b"\x93)R.",
    "partial": lambda name: f"cfunctools\npartial\n(c{name}\nrun\ntR)R.".encode(),
    "attribute": lambda name: f"c__builtin__\ngetattr\n(c{name}\nKind\n".encode() + text("run") + b"tR)R.",
}


@pytest.mark.parametrize("kind", TEMPTS)
def test_an_unknown_name_is_neither_imported_nor_called_nor_filled(kind: str, tempting: str, note: Path) -> None:
    assert "none of the four files" in refusal(TEMPTS[kind](tempting))
    assert tempting not in sys.modules
    assert not note.exists()


def test_the_tempting_module_would_have_left_its_note(tempting: str, note: Path) -> None:
    pickle.loads(TEMPTS["reduce"](tempting))  # noqa: S301 - written above
    assert note.exists()
    del sys.modules[tempting]


def test_an_unknown_object_beside_good_weights_stays_inert(tempting: str, note: Path) -> None:
    network = files.small_infill()
    plain = pickle.dumps({"state_dict": dict(network.state_dict())}, protocol=2)
    beside = f"X\x05\x00\x00\x00extrac{tempting}\nrun\n(tRs.".encode("latin-1")
    found = official_weights(plain[:-1] + beside)
    assert found.weights == "published-infill"
    assert not note.exists()


def test_unknown_objects_remember_what_they_were_to_be() -> None:
    with files.foreign("others.Thing", "others.MoreDict") as (kind, more):
        thing, bag = kind(), more(a=1)
        vars(thing).update(size=3, inside=bag)
        found = read_pickled(pickle.dumps([thing, {1, 2}, collections.OrderedDict(a=2), 2.5, b"x"], protocol=4))
    assert isinstance(found[0], Inert)
    assert found[0].state["size"] == 3
    assert found[0].state["inside"].items == [("a", 1)]
    assert sorted(found[1]) == [1, 2]
    assert found[2:] == [{"a": 2}, 2.5, b"x"]


OUTSIDE = {
    "persistent id": (b"\x80\x02" + text("storage") + b"Q.", "outside itself"),
    "written persistent id": (b"Pstorage\n.", None),
    "extension registry": (b"\x80\x02\x82\x01.", "extension registry"),
    "extension registry, two bytes": (b"\x80\x02\x83\x01\x00.", "extension registry"),
    "extension registry, four bytes": (b"\x80\x02\x84\x01\x00\x00\x00.", "extension registry"),
    "buffers elsewhere": (b"\x80\x05\x97.", "outside itself"),
    "joblib": (b"\x80\x02cjoblib.numpy_pickle\nNumpyArrayWrapper\n.", "joblib"),
}


@pytest.mark.parametrize("kind", OUTSIDE)
def test_what_refers_to_something_outside_the_file_is_refused(kind: str) -> None:
    content, reason = OUTSIDE[kind]
    assert (reason or "") in refusal(content)


LYING = {
    "bytes": b"\x80\x04B\xff\xff\xff\x7fabc.",
    "many bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"abc.",
    "more bytes than there are numbers": b"\x80\x04\x8e" + b"\xff" * 8 + b"abc.",
    "a byte array": b"\x80\x05\x96" + struct.pack("<Q", 1 << 50) + b"abc.",
    "a text": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b"abc.",
    "a short text": b"\x80\x02X\xff\xff\xff\xffabc.",
    "a number": b"\x80\x02\x8b\xff\xff\xff\x7f\x01.",
    "a negative length": b"\x80\x02\x8b\xff\xff\xff\xff\x01.",
    "old bytes": b"\x80\x02T\xff\xff\xff\x7fabc.",
}


@pytest.mark.parametrize("kind", LYING)
def test_declared_sizes_that_are_not_there_are_never_allocated(kind: str) -> None:
    assert "cut short or damaged" in refusal(LYING[kind])


def test_numbers_of_absurd_length_are_refused() -> None:
    assert "absurd length" in refusal(b"\x80\x02\x8b" + struct.pack("<i", 5000) + b"\x01" * 5000 + b".")
    assert "absurd length" in refusal(b"(I" + b"9" * 1000 + b"\nt.")
    assert "damaged" in refusal(b"(I" + b"9" * 10_000 + b"\nt.")


def test_what_a_pickle_may_ask_for_is_counted() -> None:
    limits = Limits(opcodes=1000, memo=20, stack=50, depth=10)
    assert "too many instructions" in refusal(b"\x80\x02" + b"N0" * 1000 + b"N.", limits=limits)
    assert "too many values" in refusal(b"\x80\x04N" + b"\x94" * 30 + b".", limits=limits)
    assert "nested too deeply" in refusal(b"\x80\x02" + b"N" * 60 + b".", limits=limits)
    assert "nested too deeply" in refusal(b"\x80\x02" + b"(" * 20 + b".", limits=limits)


def test_deep_nesting_does_not_exhaust_the_interpreter() -> None:
    deep = b"\x80\x02N" + b"\x85" * 1_000_000 + b"."
    assert "none of the four files" in refusal(deep)
    assert "keys that no weights need" in refusal(b"\x80\x02}N" + b"\x85" * 200_000 + b"Ns.")
    listed = b"\x80\x02" + b"]" * 300_000 + b"a" * 299_999 + b"."
    assert "none of the four files" in refusal(listed)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02.",
        b"\x80\x02NN.",
        b"\x80\x02(N.",
        b"\x80\x02h\x07.",
        b"\x80\x02j\xff\xff\xff\xff.",
        b"\x80\x02R.",
        b"\x80\x02(R.",
        b"\x80\x02Na.",
        b"\x80\x02NNs.",
        b"\x80\x02}Nb0N",
        b"\x80\x02}(Nu.",
        b"\x80\x02]Nb.",
        b"\x80\x02t.",
        b"\x80\x02(o.",
        b"\x80\x020.",
        b"\x80\x04NN\x93.",
        b"\x80\x02X\x01\x00\x00\x00\xff.",
        b"(Sabc\n.",
        b"(Fabc\n.",
        b"(gx\n.",
        b"\x80\x02ccollections\nOrderedDict\nNR.",
        b"\x80\x02ccollections\nOrderedDict\n(K\x01tR.",
        b"\x80\x02ctorch.storage\n_load_from_bytes\n)R.",
        b"\x80\x02c_codecs\nencode\n)R.",
    ],
)
def test_programs_that_make_no_sense_are_damaged(content: bytes) -> None:
    assert "cut short or damaged" in refusal(content)


def test_nothing_may_follow_a_pickle() -> None:
    assert "goes on behind its end" in refusal(pickle.dumps({"a": 1}) + b"x")


def test_an_instruction_of_no_pickle_is_refused() -> None:
    assert "damaged" in refusal(b"\x80\x02\xff.")


# Tensors and arrays --------------------------------------------------------------------------------------------------


class Called:
    """Pickles itself as a call of a function by its name."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


def tensor_call(
    *, offset: Any = 0, shape: Any = (2, 3), strides: Any = (3, 1), storage: Any = None, zipped: bool = True
) -> bytes:
    """Return a line removal's checkpoint in which one tensor is described as given."""
    numbers = torch.zeros(6)
    stored = numbers.untyped_storage() if storage is None else storage
    if storage is None:
        stored = torch.storage.TypedStorage(wrap_storage=stored, dtype=torch.float32, _internal=True)
    call = Called(torch._utils._rebuild_tensor_v2, stored, offset, shape, strides, False, collections.OrderedDict())
    written = io.BytesIO()
    torch.save({"state_dict": {"generator.0.weight": call}}, written, _use_new_zipfile_serialization=zipped)
    return written.getvalue()


LARGER_THAN_THERE = {
    "terabytes": {"shape": (1 << 20, 1 << 20), "strides": (1 << 20, 1)},
    "terabytes of one number": {"shape": (1 << 20, 1 << 20), "strides": (0, 0)},
    "one row too many": {"shape": (3, 3)},
    "behind the end": {"offset": 1},
    "far behind the end": {"offset": 1 << 61},
    "wide strides": {"strides": (3, 2)},
    "the same number twice": {"shape": (7,), "strides": (0,)},
}


@pytest.mark.parametrize("kind", LARGER_THAN_THERE)
@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_that_reach_outside_their_storage_are_refused(kind: str, zipped: bool) -> None:
    assert "larger than the numbers that are there" in refusal(tensor_call(**LARGER_THAN_THERE[kind], zipped=zipped))


@pytest.mark.parametrize(
    "described",
    [
        {"offset": -1},
        {"shape": (-2, -3)},
        {"strides": (-3, 1)},
        {"shape": (1 << 70,), "strides": (1,)},
        {"shape": "all"},
        {"shape": (True, 3)},
        {"shape": (2.0, 3.0)},
        {"shape": (1,) * 9, "strides": (1,) * 9},
        {"strides": (1,)},
        {"storage": "none"},
        {"offset": None},
    ],
)
def test_tensors_that_are_described_in_nonsense_are_refused(described: dict[str, Any]) -> None:
    reason = refusal(tensor_call(**described))
    assert "damaged" in reason or "impossible size" in reason


def test_a_tensor_without_numbers_stays_without() -> None:
    found = read_pickled(tensor_call(shape=(0, 1 << 40), strides=(1, 1)))["state_dict"]["generator.0.weight"]
    assert found.array().shape == (0, 1 << 40)


@pytest.mark.parametrize(
    "state",
    [
        (1, (1 << 20, 1 << 20), np.dtype("f8"), False, b"1234"),
        (1, (3,), np.dtype("f4"), False, b"1234"),
        (1, (-1,), np.dtype("f4"), False, b"1234"),
        (1, (1,), np.dtype("f4"), False, 1234),
        (1, "shape", np.dtype("f4"), False, b"1234"),
        (1, (1,)),
        "state",
    ],
)
def test_arrays_whose_bytes_are_not_there_are_refused(state: Any) -> None:
    content = pickle.dumps(state, protocol=2)
    array = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(tR" + content[2:-1] + b"b."
    assert refusal(array)


# Torch's files -------------------------------------------------------------------------------------------------------


def zip_of(entries: dict[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return written.getvalue()


def entries_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


GOOD = files.checkpoint(files.small_infill().state_dict())
STREAM = files.checkpoint(files.small_infill().state_dict(), zipped=False)


def test_packed_zip_files_are_refused_without_unpacking() -> None:
    bomb = zip_of({"archive/data.pkl": b"N" * 50_000_000 + b"."}, compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    assert "packed or encrypted" in refusal(bomb)


def test_zip_files_of_others_are_refused() -> None:
    good = entries_of(GOOD)
    prefix = next(name for name in good if name.endswith("data.pkl")).removesuffix("data.pkl")
    assert "none that torch wrote" in refusal(zip_of({"readme.txt": b"hello"}))
    assert "none that torch wrote" in refusal(zip_of({**good, "other/data.pkl": b"N."}))
    assert "none that torch wrote" in refusal(zip_of({**good, "../outside": b"x"}))
    assert "none that torch wrote" in refusal(zip_of({**good, "/absolute": b"x"}))
    assert "another order of bytes" in refusal(zip_of({**good, f"{prefix}byteorder": b"big"}))
    assert "too many parts" in refusal(GOOD, limits=Limits(entries=3))
    missing = {name: content for name, content in good.items() if not name.endswith("data/0")}
    assert "damaged" in refusal(zip_of(missing))
    short = {name: content[:-4] if name.endswith("data/0") else content for name, content in good.items()}
    assert "larger than the numbers that are there" in refusal(zip_of(short))


def test_an_entry_that_is_listed_twice_is_refused() -> None:
    written = io.BytesIO(GOOD)
    name = next(name for name in entries_of(GOOD) if name.endswith("data.pkl"))
    with zipfile.ZipFile(written, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(name, b"N.")
    assert "none that torch wrote" in refusal(written.getvalue())


def test_a_damaged_storage_of_a_zip_file_is_noticed() -> None:
    at = GOOD.index(files.small_infill().state_dict()["generator.0.weight"].numpy().tobytes())
    assert "damaged" in refusal(GOOD[:at] + bytes([GOOD[at] ^ 1]) + GOOD[at + 1 :])


def stream(value: bytes, *, version: int = 1001, little: Any = True, rest: bytes = b"") -> bytes:
    head = (STREAM_MAGIC, version, {"little_endian": little})
    return b"".join(pickle.dumps(part, protocol=2) for part in head) + value + rest


def test_streams_of_other_versions_and_machines_are_refused() -> None:
    nothing = pickle.dumps([], protocol=2)
    assert "version" in refusal(stream(nothing, version=1002, rest=nothing))
    assert "order of bytes" in refusal(stream(nothing, little=False, rest=nothing))
    assert "none of the four" in refusal(stream(nothing, rest=nothing))
    assert "goes on behind" in refusal(stream(nothing, rest=nothing + b"x"))
    assert "damaged" in refusal(stream(nothing, rest=pickle.dumps(["1"], protocol=2)))


def storage_id(kind: bytes, count: bytes) -> bytes:
    return b"\x80\x02(" + text("storage") + kind + text("0") + text("cpu") + count + b"NtQ."


def test_storages_that_are_not_there_are_refused() -> None:
    order = pickle.dumps(["0"], protocol=2)
    kind = b"ctorch\nFloatStorage\n"
    huge = storage_id(kind, b"\x8a\x07" + struct.pack("<Q", 1 << 50)[:7])
    assert "larger than the numbers" in refusal(stream(huge, rest=order))
    assert "damaged" in refusal(stream(storage_id(kind, b"K\x02"), rest=order + struct.pack("<q", 2) + b"1234"))
    assert "damaged" in refusal(stream(storage_id(kind, b"K\x01"), rest=order + struct.pack("<q", 2) + b"1234"))
    assert "unknown kind" in refusal(stream(storage_id(b"ctorch\nload\n", b"K\x01"), rest=order))
    assert "outside itself" in refusal(stream(b"\x80\x02" + text("module") + b"Q.", rest=order))
    assert "outside itself" in refusal(stream(b"\x80\x02(" + text("module") + text("x") + b"tQ.", rest=order))


def nested(content: bytes) -> bytes:
    blob = b"B" + struct.pack("<I", len(content)) + content
    return b"\x80\x03ctorch.storage\n_load_from_bytes\n" + blob + b"\x85R."


def test_a_storage_within_is_read_by_the_same_rules(tempting: str, note: Path) -> None:
    order = pickle.dumps([], protocol=2)
    assert "unknown format" in refusal(nested(b"cos\nsystem\n."))
    assert "unknown format" in refusal(nested(GOOD))
    assert "no weights need" in refusal(nested(stream(RUNS_PROGRAMS["reduce"](note), rest=order)))
    assert "other than numbers" in refusal(nested(stream(TEMPTS["reduce"](tempting), rest=order)))
    inner = nested(stream(b"\x80\x02N.", rest=order))
    assert "other than numbers" in refusal(nested(stream(inner, rest=order)))  # no further ones within
    assert tempting not in sys.modules
    assert not note.exists()


# Anything at all -----------------------------------------------------------------------------------------------------


@functools.cache
def samples() -> dict[str, bytes]:
    note = Path("/nonexistent/note")
    small = {f"generator.{name}": torch.ones(3) for name in "abc"}
    return {
        "snapshot": files.snapshot(files.tiny_generator(), note=note),
        "zip": GOOD,
        "stream": STREAM,
        "components": files.components(count=512, features=8)[0],
        "raw": pickle.dumps({"state_dict": small}, protocol=2),
        "raw, protocol 0": pickle.dumps({"state_dict": {"a": 1, "b": [1.5, "x"]}}, protocol=0),
    }


kinds = st.sampled_from(["snapshot", "zip", "stream", "components", "raw", "raw, protocol 0"])
loose = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@loose
@given(kind=kinds, share=st.floats(0, 1, exclude_max=True))
def test_a_file_that_is_cut_anywhere_is_refused(kind: str, share: float) -> None:
    content = samples()[kind]
    assert refusal(content[: int(share * len(content))])


@loose
@given(kind=kinds, changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1))
def test_changed_bytes_are_read_or_refused_and_nothing_else(kind: str, changes: list[tuple[float, int]]) -> None:
    content = bytearray(samples()[kind])
    for share, value in changes:
        content[int(share * len(content))] = value
    try:
        official_weights(bytes(content))
    except Refused as refused:
        assert str(refused)


@loose
@given(start=st.integers(0, 4000), noise=st.binary(max_size=64), kind=kinds)
def test_noise_near_the_start_is_read_or_refused_and_nothing_else(start: int, noise: bytes, kind: str) -> None:
    content = samples()[kind]
    try:
        official_weights(content[:start] + noise + content[start:])
    except Refused as refused:
        assert str(refused)


@loose
@given(noise=st.binary(max_size=300))
def test_any_program_at_all_is_refused(noise: bytes) -> None:
    assert refusal(b"\x80\x02" + noise)
