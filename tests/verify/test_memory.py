"""Memory does not grow with the size of a file."""

import subprocess
import sys

SCRIPT = """
import gzip, io, sys
from contextlib import nullcontext
from datetime import UTC, datetime
import psutil
from auditor.model import Content, Level, StoredFile
from auditor.verify.file import verify_file
from tests.scan.memory import MemoryAdapter
from tests.verify.checking import records

block = records(1000)
member = gzip.compress(block)
times = int(sys.argv[1]) // len(block)

process = psutil.Process()

class Endless(io.RawIOBase):
    def __init__(self):
        self.left, self.rest, self.peak = times, b"", 0
    def read(self, size=-1):
        self.peak = max(self.peak, process.memory_info().rss)
        while self.left and len(self.rest) < size:
            self.left, self.rest = self.left - 1, self.rest + member
        part, self.rest = self.rest[:size], self.rest[size:]
        return part

stream = Endless()
adapter = MemoryAdapter({})
adapter.read_object = lambda *a, **k: nullcontext(stream)
file = StoredFile("x.json.gz", len(member) * times, datetime.now(UTC))
said = verify_file(adapter, file, Level.L3)
assert (said.content, said.records) == (Content.SOUND, 1000 * times), said
print(stream.peak // 2**20)
"""


def peak_mb(text_bytes: int) -> int:
    """Resident peak, in MiB, of a process that verifies so much text."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(text_bytes)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_two_hundred_megabytes_need_no_more_memory_than_ten():
    small, large = peak_mb(10_000_000), peak_mb(200_000_000)
    assert large < 90
    assert large - small < 15
