"""Two steps of TRL's GRPOTrainer on a task of tinyzero: its dataset, its rewards, its abstentions. Skipped where TRL is not installed.

usage: trl_two_steps.py LIBRARY MODEL_FOLDER
"""

import sys
import tempfile

try:
    import torch  # noqa: F401
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import GRPOConfig, GRPOTrainer
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(0)

sys.dont_write_bytecode = True
sys.path.insert(0, "sdk/python")
from tinyzero_task import Task  # noqa: E402

library, folder = sys.argv[1:]
task = Task(library, numbers=3, largest=9)
reward, seen = task.trl_reward(), []


def counted(completions, **columns):
    rewards = reward(completions=completions, **columns)
    seen.extend(rewards)
    return rewards


tokenizer = AutoTokenizer.from_pretrained(folder)
if tokenizer.pad_token is None:
    tokenizer.pad_token = tokenizer.eos_token
with tempfile.TemporaryDirectory() as output:
    config = GRPOConfig(output_dir=output, max_steps=2, per_device_train_batch_size=4, num_generations=4, max_completion_length=16,
                        report_to=[], use_cpu=True, logging_steps=1, save_strategy="no", bf16=False)
    trainer = GRPOTrainer(model=AutoModelForCausalLM.from_pretrained(folder), reward_funcs=counted, args=config,
                          train_dataset=Dataset.from_list(task.rows("train", 16)), processing_class=tokenizer)
    trainer.train()
assert trainer.state.global_step == 2, trainer.state.global_step
assert len(seen) == 8 and all(r is None or 0 <= r <= 1 for r in seen), seen
print("TRL took two steps with the rewards", seen)
