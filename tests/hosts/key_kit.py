"""Private keys of every kind, made by ssh-keygen, and what of them nobody may see."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

#: What ssh-keygen is asked for, by a name of ours.
TYPES = {
    "ed25519": ("-t", "ed25519"),
    "rsa": ("-t", "rsa", "-b", "2048"),
    "ecdsa256": ("-t", "ecdsa", "-b", "256"),
    "ecdsa384": ("-t", "ecdsa", "-b", "384"),
    "ecdsa521": ("-t", "ecdsa", "-b", "521"),
    "dsa": ("-t", "dsa"),
}
_FORMATS = {"openssh": "RFC4716", "pem": "PEM", "pkcs8": "PKCS8"}


@dataclass(frozen=True)
class Made:
    """A key as one file has it. `fingerprint` is what ssh-keygen says; `told`: the file tells its public part."""

    form: str
    locked: bool
    told: bool
    fingerprint: str
    bits: int
    content: bytes
    public: bytes
    secrets: tuple[bytes, ...]


@cache
def made() -> dict[str, Made]:
    """Every type in every form that ssh-keygen gives it, with a passphrase and without."""
    with TemporaryDirectory() as folder:
        keys: dict[str, Made] = {}
        for name, options in TYPES.items():
            path = Path(folder, name)
            _keygen(*options, "-N", "", "-C", f"{name} of 张三", "-f", path)
            secrets = private_numbers(path.read_bytes())
            bits, fingerprint, *_ = _keygen("-l", "-f", f"{path}.pub").split()
            for form, option in _FORMATS.items():
                if name == "ed25519" and form != "openssh":
                    continue  # has no other form
                for phrase in ("", "open sesame"):
                    copy = Path(folder, f"{name}-{form}{'-locked' if phrase else ''}")
                    copy.write_bytes(path.read_bytes())
                    copy.chmod(0o600)
                    _keygen("-p", "-a", "1", "-m", option, "-P", "", "-N", phrase, "-f", copy)
                    told = (form == "openssh") or (not phrase and not (name == "dsa" and form == "pkcs8"))
                    keys[copy.name] = Made(
                        form, bool(phrase), told, fingerprint, int(bits), copy.read_bytes(),
                        Path(f"{path}.pub").read_bytes(), secrets,
                    )  # fmt: skip
        return keys


def _keygen(*args: str | Path) -> str:
    done = subprocess.run(["ssh-keygen", "-q", *map(str, args)], capture_output=True, text=True, check=True)
    return done.stdout


def private_numbers(content: bytes) -> tuple[bytes, ...]:
    """What must stay secret of an OpenSSH key without a passphrase."""
    rest = base64.b64decode(b"".join(content.split(b"\n")[1:-2]))[15:]
    head, rest = _strings(rest, 3)
    assert head[0] == b"none"
    _, rest = _strings(rest[4:], 1)
    (inner,), _ = _strings(rest, 1)
    (kind,), inner = _strings(inner[8:], 1)
    public, secret = {b"ssh-ed25519": (1, 1), b"ssh-rsa": (2, 4), b"ssh-dss": (4, 1)}.get(kind, (2, 1))
    numbers, _ = _strings(inner, public + secret)
    return tuple(number[:32] if kind == b"ssh-ed25519" else number for number in numbers[public:])


def _strings(data: bytes, count: int) -> tuple[list[bytes], bytes]:
    found = []
    for _ in range(count):
        size = int.from_bytes(data[:4], "big")
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return found, data


def shown(secrets: tuple[bytes, ...], evidence: bytes) -> bool:
    """Whether eight bytes of a secret stand in the evidence, raw, in hex or in base64."""
    lower = evidence.lower()
    for secret in secrets:
        for at in range(1, len(secret) - 8):
            part = secret[at : at + 8]
            coded = (
                base64.b64encode(b"\0" * lead + part)[2 if lead == 1 else 3 if lead else 0 : -4] for lead in range(3)
            )
            if part in evidence or part.hex().encode() in lower or any(text in evidence for text in coded):
                return True
    return False


def with_public_part(blob: bytes, private: bytes = b"private", cipher: bytes = b"none", count: int = 1) -> bytes:
    """An OpenSSH file around a public key, with any private part."""
    parts = [cipher, b"none", b""]
    body = b"openssh-key-v1\0" + b"".join(_framed(part) for part in parts) + count.to_bytes(4, "big")
    text = base64.b64encode(body + _framed(blob) + _framed(private))
    return b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + text + b"\n-----END OPENSSH PRIVATE KEY-----\n"


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part
