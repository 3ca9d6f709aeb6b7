"""The file a backup is: a tar of ``manifest.json`` and the copy, compressed and, with a public key, encrypted.

The manifest is readable without any key and holds numbers and keys only, so that a file can be judged by whoever may not
read it; the copy can be had with tar, age and gunzip alone. Nothing here knows what a database is.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

FORMAT = 1
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 20
CHUNK = 1 << 20
PART = ".part"
LEVEL = 1
"""Of gzip: on a database level 6 is four times slower for a seventh less."""


class BackupError(Exception):
    """A backup cannot be made, read or brought back. The text is for the operator, with the mend."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup. ``plain`` is the copy itself, ``payload`` what stands in the file: bytes and SHA-256.

    ``database`` is the identity of the database, ``server`` PostgreSQL's major version (0 on SQLite), ``rows`` are
    counted in the copy after it was restored for the check. ``checked`` says how far that went.
    """

    format: int
    program: str
    database: str
    dialect: str
    server: int
    revision: str
    created: str
    rows: Mapping[str, int]
    plain_bytes: int
    plain_sha256: str
    payload: str
    payload_bytes: int
    payload_sha256: str
    encrypted: bool
    checked: str

    @property
    def created_at(self) -> datetime:
        """When the copy was begun."""
        return datetime.fromisoformat(self.created)


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes and SHA-256 of a file."""

    size: int
    digest: str


def own_file(path: Path) -> IO[bytes]:
    """A new file that only its owner may use. Raises FileExistsError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "w+b")


def copied(
    source: IO[bytes], target: IO[bytes] | None, *, tell: Callable[[int], None] = lambda done: None
) -> Weight:
    """Copy to the end (or only read, without ``target``), weighing what came. ``tell`` hears the bytes so far."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if target is not None:
            target.write(chunk)
        tell(size)
    return Weight(size, digest.hexdigest())


def weigh(path: Path) -> Weight:
    """Size and checksum of a file."""
    with path.open("rb") as file:
        return copied(file, None)


def compress(source: Path, target: Path) -> Weight:
    """Compress a file into a new one. Returns what the source weighs."""
    with (
        source.open("rb") as plain,
        own_file(target) as raw,
        gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as packed,
    ):
        return copied(plain, packed)  # type: ignore[arg-type] # a GzipFile is a file for bytes, but not by its type


def decompress(source: Path, target: Path) -> Weight:
    """The other way round. Returns what came out. Raises BackupError when it is not what gzip wrote."""
    try:
        with gzip.open(source, "rb") as packed, own_file(target) as plain:
            weight = copied(packed, plain)  # type: ignore[arg-type] # a GzipFile here too
            _settle(plain)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BackupError(f"the compressed copy is damaged ({error}); take another backup") from error
    return weight


# --- keys ---------------------------------------------------------------------------------------------------------------


def recipient(public_key: str) -> Any:
    """The age recipient of "age1…". Raises BackupError."""
    # Imported late: most starts never encrypt anything.
    import pyrage

    try:
        return pyrage.x25519.Recipient.from_str(public_key)
    except pyrage.RecipientError as error:
        raise BackupError(
            "backup.public_key is no age public key: make a pair with age-keygen -o key.txt, keep that file away "
            'from this machine, and set the line after "public key:", age1…'
        ) from error


def identities(key_file: Path) -> list[Any]:
    """The private keys of a file that age-keygen wrote. Raises BackupError."""
    import pyrage

    try:
        lines = key_file.read_text("utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text"
        raise BackupError(
            f"the key file {key_file} cannot be read ({reason}); give --identity the file that age-keygen wrote"
        ) from error
    words = [word for word in lines if word.startswith("AGE-SECRET-KEY-")]
    if not words:
        raise BackupError(
            f"there is no private key in {key_file}; it begins with AGE-SECRET-KEY-1 (age1… is the public one, which "
            "only encrypts)"
        )
    try:
        return [pyrage.x25519.Identity.from_str(word) for word in words]
    except pyrage.IdentityError as error:
        raise BackupError(
            f"the private key in {key_file} is damaged; take another copy of that file"
        ) from error


class _Reading:
    """A file as the encryption reads it: from Python, chunk by chunk, so that other threads have their turn."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = CHUNK) -> bytes:
        return self._file.read(size)


def encrypt(source: Path, target: Path, public_key: str) -> None:
    """Encrypt a file into a new one, for the holder of the private key alone. Raises BackupError."""
    import pyrage

    to = recipient(public_key)
    with source.open("rb") as plain, own_file(target) as sealed:
        pyrage.encrypt_io(_Reading(plain), sealed, [to])
        _settle(sealed)


def decrypt(source: Path, target: Path, keys: list[Any]) -> None:
    """Decrypt a file into a new one. Raises BackupError when none of the keys opens it."""
    import pyrage

    with source.open("rb") as sealed, own_file(target) as plain:
        try:
            pyrage.decrypt_io(_Reading(sealed), plain, keys)
        except pyrage.DecryptError as error:
            raise BackupError(
                "this key does not open the backup; give --identity the private key whose public one stood in "
                "backup.public_key when it was made"
            ) from error


# --- the file -------------------------------------------------------------------------------------------------------------


def write(target: Path, manifest: Manifest, payload: Path) -> None:
    """Write the file under a name of its own, read it back, and only then give it its name. Raises OSError or
    BackupError; a file cut short never has the name of a finished one."""
    part = target.with_name(target.name + PART)
    part.unlink(missing_ok=True)
    try:
        with own_file(part) as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                told = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
                _add(tar, MANIFEST, len(told), _Bytes(told))
                with payload.open("rb") as content:
                    _add(tar, manifest.payload, manifest.payload_bytes, content)
            _settle(file)
        with opened(part) as backup:
            backup.copy_payload(None)
        part.rename(target)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    settle_folder(target.parent)


class _Bytes:
    """Bytes that ``tarfile`` reads once."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int = -1) -> bytes:
        given, self._content = self._content[:size], self._content[size:]
        return given


def _add(tar: tarfile.TarFile, name: str, size: int, content: Any) -> None:
    item = tarfile.TarInfo(name)
    item.size, item.mode = size, 0o600
    tar.addfile(item, content)


def _settle(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def settle_folder(folder: Path) -> None:
    """Make names that were given in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Backup:
    """A backup that is open for reading. A context manager."""

    def __init__(self, path: Path, tar: tarfile.TarFile, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._tar = tar

    def __enter__(self) -> Backup:
        return self

    def __exit__(self, *raised: object) -> None:
        self._tar.close()

    def copy_payload(self, target: Path | None) -> None:
        """Take the payload out into a new file, or only read it. Raises BackupError when it is not what was written."""
        manifest = self.manifest
        try:
            content = self._tar.extractfile(manifest.payload)
            if content is None:
                raise KeyError(manifest.payload)
            if target is None:
                weight = copied(content, None)
            else:
                with own_file(target) as file:
                    weight = copied(content, file)
        except (tarfile.TarError, KeyError, EOFError) as error:
            raise _cut(self.path) from error
        if weight.size < manifest.payload_bytes:
            raise _cut(self.path)
        if weight != Weight(manifest.payload_bytes, manifest.payload_sha256):
            raise BackupError(
                f"{self.path} is damaged: its checksum is not the one it was written with; take another backup"
            )

    def unpack(self, target: Path, *, keys: list[Any], folder: Path) -> None:
        """Bring the copy itself out into a new file, by way of files in ``folder``. Raises BackupError or OSError."""
        manifest = self.manifest
        payload, packed = folder / "payload", folder / "packed"
        self.copy_payload(payload)
        if manifest.encrypted:
            decrypt(payload, packed, keys)
            payload.unlink()
        else:
            payload.rename(packed)
        weight = decompress(packed, target)
        packed.unlink()
        if weight != Weight(manifest.plain_bytes, manifest.plain_sha256):
            raise BackupError(
                f"{self.path} is damaged: what comes out is not what went in; take another backup"
            )


def _cut(path: Path) -> BackupError:
    return BackupError(
        f"{path} is cut short: it was not copied or written to its end; copy it again, or take another"
    )


def opened(path: Path) -> Backup:
    """Open a backup and read its manifest. Raises BackupError for whatever is none, OSError for what cannot be read."""
    try:
        tar = tarfile.open(path, "r:")  # noqa: SIM115 - closed by the Backup
    except tarfile.ReadError as error:
        if path.stat().st_size == 0:
            raise _cut(path) from error
        raise BackupError(
            f"{path} is no backup of Linli's; they are called linli-….tar and come of linli backup"
        ) from error
    try:
        return Backup(path, tar, _manifest(path, tar))
    except BaseException:
        tar.close()
        raise


def _manifest(path: Path, tar: tarfile.TarFile) -> Manifest:
    try:
        content = tar.extractfile(MANIFEST)
        told = json.loads(content.read(LARGEST_MANIFEST)) if content is not None else None
    except (tarfile.ReadError, EOFError) as error:
        raise _cut(path) from error
    except (KeyError, ValueError) as error:
        raise BackupError(f"{path} is no backup of Linli's: it has no manifest that can be read") from error
    if not isinstance(told, dict) or not isinstance(told.get("format"), int):
        raise BackupError(f"{path} is no backup of Linli's: its manifest is not one")
    if told["format"] > FORMAT:
        raise BackupError(
            f"{path} was written by a newer Linli ({told.get('program')}): install that version to bring it back"
        )
    try:
        return Manifest(**told)
    except TypeError as error:
        raise BackupError(f"{path} is no backup of Linli's: its manifest is not complete") from error
