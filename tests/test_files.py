"""Files appear whole or not at all, and failures are told in one sentence."""

import errno
import os
from pathlib import Path

import pytest

from paic3d_studio.errors import UserError
from paic3d_studio.files import explained, write_files


def failing(monkeypatch: pytest.MonkeyPatch, code: int, *, call: str = "fsync", after: int = 0) -> None:
    """Let the operating system refuse with `code` at the call number `after`."""
    calls: list[int] = []
    real = getattr(os, call)

    def refuse(*arguments: object, **options: object) -> object:
        calls.append(1)
        if len(calls) > after:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **options)

    monkeypatch.setattr(os, call, refuse)


def test_files_are_written_and_counted(tmp_path: Path) -> None:
    assert write_files({tmp_path / "a": b"one", tmp_path / "b": b"three"}) == 8
    assert (tmp_path / "a").read_bytes() == b"one" and (tmp_path / "b").read_bytes() == b"three"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_new_file_has_the_ordinary_permissions(tmp_path: Path) -> None:
    write_files({tmp_path / "a": b"one"})
    (tmp_path / "ordinary").write_bytes(b"one")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, "full"),
        (errno.EACCES, "write-protected"),
        (errno.EROFS, "write-protected"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_a_failure_leaves_the_older_file_and_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, sentence: str
) -> None:
    (tmp_path / "a").write_bytes(b"older")
    failing(monkeypatch, code, after=1)
    with pytest.raises(UserError, match=sentence) as caught:
        write_files({tmp_path / "a": b"newer", tmp_path / "b": b"second"})
    assert caught.value.cure
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"older"


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("older", [True, False])
def test_files_that_belong_together_are_all_new_or_all_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, older: bool, links: bool
) -> None:
    first, second, third = (tmp_path / name for name in ("head.obj", "head.mtl", "head.png"))
    if older:
        first.write_bytes(b"older")
        third.write_bytes(b"older too")
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "no links")))
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    replace = Path.replace

    def refusing(part: Path, place: Path) -> Path:
        if place == second:
            raise OSError(errno.EBUSY, "busy")
        return replace(part, place)

    with monkeypatch.context() as refusal:
        refusal.setattr(Path, "replace", refusing)
        with pytest.raises(UserError, match=r"head\.mtl"):
            write_files({first: b"new", second: b"new", third: b"new"})
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert write_files({first: b"new", second: b"new", third: b"new"}) == 9
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == dict.fromkeys(
        ("head.obj", "head.mtl", "head.png"), b"new"
    )


@pytest.mark.parametrize(
    ("code", "helps"),
    [
        (errno.ENOSPC, "room"),
        (errno.EDQUOT, "room"),
        (errno.EACCES, "another"),
        (errno.EPERM, "another"),
        (errno.EROFS, "another"),
        (errno.ENOENT, "another"),  # /proc says so of a new file, although the folder is there
    ],
)
def test_only_a_full_disk_is_cured_by_room(tmp_path: Path, code: int, helps: str) -> None:
    told = explained(OSError(code, os.strerror(code)), tmp_path / "a")
    assert helps in told.cure
    assert ("room" in told.cure.lower()) == (helps == "room")
    assert "does not exist" not in told.message


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere” does not exist"):
        write_files({tmp_path / "nowhere" / "a.glb": b"x"})


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="does not exist"):
        write_files({tmp_path / "file" / "a.glb": b"x"})


def test_a_folder_in_place_of_the_file_is_told_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "a.glb").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        write_files({tmp_path / "a.glb": b"x"})
    assert (tmp_path / "a.glb").is_dir() and len(list(tmp_path.iterdir())) == 1


def test_a_write_protected_file_in_a_folder_that_can_be_written_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"older")
    (tmp_path / "b").write_bytes(b"older")
    (tmp_path / "b").chmod(0o444)
    with pytest.raises(UserError, match="b” cannot be written: the folder or the file is write-protected"):
        write_files({tmp_path / "a": b"newer", tmp_path / "b": b"newer"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == b"older"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_stays_a_link_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    place, link = tmp_path / "elsewhere" / "a", tmp_path / "a"
    place.write_bytes(b"older")
    link.symlink_to(place)
    write_files({link: b"newer"})
    assert link.is_symlink() and place.read_bytes() == b"newer"
    assert [file.name for file in place.parent.iterdir()] == ["a"]


def test_a_link_to_a_write_protected_file_leaves_it_as_it_is(tmp_path: Path) -> None:
    place, link = tmp_path / "place", tmp_path / "link"
    place.write_bytes(b"older")
    place.chmod(0o444)
    link.symlink_to(place)
    with pytest.raises(UserError, match="write-protected"):
        write_files({link: b"newer"})
    assert place.read_bytes() == b"older"
