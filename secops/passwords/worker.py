"""The process that tries words against one hash at a time. Started and ended by `engine`.

A hash may come from a hostile host: one that asks for gigabytes or years costs this process, which is limited in
memory and killed when it overstays. Jobs and answers are messages over one inherited socket: no word and no hash
stands on a command line, in the environment or on a disk.
"""

from __future__ import annotations

import ctypes
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from multiprocessing.connection import Connection

import msgspec

from secops.passwords import service_hashes, sm3crypt
from secops.passwords.libcrypt import crypt

#: Address space: an interpreter, and crypt functions that are meant to be hungry.
MEMORY = 1 << 30

_PR_SET_DUMPABLE = 4


class Job(msgspec.Struct, frozen=True, array_like=True):
    """Try `words` (separated by NUL, which no password holds) against `hash`."""

    hash: bytes
    words: bytes


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """`found` is the place of the word that fits, or -1. `error` says why nothing could be tried."""

    found: int = -1
    tried: int = 0
    seconds: float = 0.0
    error: str = ""


def keep_out_of_core_files() -> None:
    """No core file of this process, and no other process of the same user may read its memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def attempt(job: Job) -> Answer:
    """Try the words in order until one fits."""
    started = time.perf_counter()
    hash_word, error = function_for(job.hash)
    if error:
        return Answer(error=error)
    words = job.words.split(b"\0")
    stored = job.hash
    for place, word in enumerate(words):
        if hash_word(word, stored) == stored:
            return Answer(place, place + 1, time.perf_counter() - started)
    return Answer(-1, len(words), time.perf_counter() - started)


@lru_cache(maxsize=64)
def function_for(stored: bytes) -> tuple[Callable[[bytes, bytes], bytes | None], str]:
    """The function that hashes as `stored` was hashed; else why there is none.

    Services first: some of their forms look like those of accounts. A library that understands a hash gives one of the
    same form back: anything else would be "no word fits" for ever.
    """
    if service := service_hashes.function_for(stored):
        return service, "" if service(b"", stored) else "is a malformed hash"
    if stored.startswith(b"$sm3$"):
        if not sm3crypt.available():
            return sm3crypt.crypt, "this machine's OpenSSL has no SM3"
        return sm3crypt.crypt, "" if sm3crypt.crypt(b"", stored) else "is a malformed hash"
    hash_word = crypt()
    made = hash_word(b"", stored) or b"*"
    if made.startswith(b"*"):
        return hash_word, f"is no hash that this machine's libcrypt knows, or asks for more than {MEMORY >> 30} GiB"
    same = len(made) == len(stored) and made.rpartition(b"$")[0] == stored.rpartition(b"$")[0]
    return hash_word, "" if same else "is a malformed hash"


def main() -> None:
    """Serve jobs from the descriptor named on the command line until it is closed."""
    keep_out_of_core_files()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    channel = Connection(int(sys.argv[1]))
    jobs, answers = msgspec.msgpack.Decoder(Job), msgspec.msgpack.Encoder()
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        while True:
            channel.send_bytes(answers.encode(attempt(jobs.decode(channel.recv_bytes()))))


if __name__ == "__main__":
    main()
