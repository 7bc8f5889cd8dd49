"""The numbers of a run as TensorBoard reads them, also of a run that was killed and went on: each once, equal to metrics.jsonl.

usage: tensorboard_files.py PROGRAM
Prints "skipped: …" where TensorBoard is not installed; TINYZERO_PEERS names a Python that has it.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as missing:
    print(f"skipped: {missing}; point TINYZERO_PEERS to a Python with tensorboard")
    sys.exit(0)


def check(run):
    expected = {}
    with open(run + "/metrics.jsonl") as file:
        for line in file:
            record = json.loads(line)
            step = record.get("warm_start/step", record["step"])
            for name, value in record.items():
                if name not in ("step", "seconds"):
                    expected.setdefault(name, []).append((step, value))
    events = EventAccumulator(run + "/tensorboard", size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    assert set(events.Tags()["scalars"]) == set(expected), set(events.Tags()["scalars"]) ^ set(expected)
    count = 0
    for name, points in expected.items():
        read = [(event.step, event.value) for event in events.Scalars(name)]
        assert [step for step, _ in read] == [step for step, _ in points], f"steps of {name}: {read} and {points}"
        for (_, mine), (_, theirs) in zip(read, points):
            assert abs(mine - theirs) <= 1e-6 * abs(theirs) + 1e-30, f"{name}: {mine} and {theirs}"
        count += len(read)
    print(f"{run}: {count} numbers under {len(expected)} names")


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        run = folder + "/run"
        process = subprocess.Popen([program, "train", "tests/integration/small.yaml", "--run", run, "--quiet"])
        while not os.path.exists(run + "/episodes/step-000003.jsonl.zst") and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        subprocess.run([program, "train", "--resume", run, "--quiet"], check=True)
        check(run)


main()
