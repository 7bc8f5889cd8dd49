"""Losses, gradients and advantages of the algorithms against TRL's and verl's own code, on random batches. A library that is not installed is left
out; skipped where both are missing.

usage: algorithms.py TINYZERO
"""

import json
import random
import subprocess
import sys
from collections import defaultdict
from types import SimpleNamespace

program = sys.argv[1]
try:
    import numpy as np
    import torch
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(0)
try:
    import verl.trainer.ppo.core_algos as verl
    from verl.workers.config import ActorConfig
except ImportError as e:
    print(f"without verl: {e}")
    verl = None
try:
    from trl import GRPOTrainer
except ImportError as e:
    print(f"without TRL: {e}")
    GRPOTrainer = None
if verl is None and GRPOTrainer is None:
    print("skipped: neither verl nor TRL is installed")
    sys.exit(0)

BATCHES = 5
VALUE, GRADIENT = 1e-7, 1e-6  # largest differences: absolute, and relative to the gradient's norm


def random_batch(seed):
    """Four problems of six completions: one with equal rewards, some with graded ones."""
    rng = random.Random(seed)
    lengths = [rng.randint(1, 9) for _ in range(24)]
    groups = [i // 6 for i in range(24)]
    rewards = [0.0 if g == 3 else rng.choice([0, 1]) if g < 2 else rng.choice([0, 0.1, 0.5, 1]) for g in groups]
    old = [[rng.uniform(-4, -0.01) for _ in range(n)] for n in lengths]
    now = [[x + rng.gauss(0, 0.4) for x in row] for row in old]
    return {"groups": groups, "rewards": rewards, "old_logp": old, "logp": now, "max_tokens": 12}


class Padded:
    """A batch as rectangles in double precision, which is what both libraries take."""

    def __init__(self, batch):
        self.rows = [len(row) for row in batch["old_logp"]]
        self.mask = self.fill([[1.0] * n for n in self.rows])
        self.old, self.logp = self.fill(batch["old_logp"]), self.fill(batch["logp"]).requires_grad_()
        self.rewards = torch.tensor(batch["rewards"], dtype=torch.float64)
        self.index = np.array(batch["groups"])
        self.on_last = torch.zeros_like(self.mask)
        for i, n in enumerate(self.rows):
            self.on_last[i, n - 1] = self.rewards[i]

    def fill(self, ragged):
        out = torch.zeros(len(ragged), max(self.rows), dtype=torch.float64)
        for i, row in enumerate(ragged):
            out[i, :len(row)] = torch.tensor(row, dtype=torch.float64)
        return out

    def advantages(self, ours):
        return self.fill(ours["advantages"])

    def gradient(self, loss):
        return torch.autograd.grad(loss, self.logp)[0]


def explain(batch, settings):
    out = subprocess.run([program, "algorithm", "explain", "grpo", *settings, "--batch", "-"], input=json.dumps(batch), capture_output=True,
                         text=True)
    assert out.returncode == 0, out.stderr
    return json.loads(out.stdout)


def check(name, padded, ours, loss):
    theirs, gradient = float(loss), padded.gradient(loss)
    own = padded.fill(ours["gradient"])
    assert abs(ours["loss"] - theirs) <= VALUE, (name, ours["loss"], theirs)
    worst = float((own - gradient).norm() / gradient.norm())
    assert worst <= GRADIENT, (name, worst)
    return abs(ours["loss"] - theirs), worst


# ---- verl ----

def verl_loss(kind, mode, low, high, dual=1e9):
    def loss(p, ours):
        config = ActorConfig(strategy="fsdp", rollout_n=6, ppo_micro_batch_size_per_gpu=1, clip_ratio_low=low, clip_ratio_high=high,
                             clip_ratio_c=dual, loss_scale_factor=12)
        config.global_batch_info["loss_scale_factor"] = 12
        return verl.get_policy_loss_fn(kind)(p.old, p.logp, p.advantages(ours), p.mask, mode, config)[0]
    return loss


def verl_advantages(function, **more):
    def advantages(p):
        return function(token_level_rewards=p.on_last.clone(), response_mask=p.mask, index=p.index, **more)[0]
    return advantages


# ---- TRL ----

def trl_loss(loss_type, low, high, level="token"):
    def loss(p, ours):
        trainer = SimpleNamespace(
            loss_type=loss_type, importance_sampling_level=level, epsilon_low=low, epsilon_high=high, beta=0.0, max_completion_length=12,
            use_vllm=False, vllm_importance_sampling_correction=False, off_policy_mask_threshold=None, top_entropy_quantile=1.0,
            current_gradient_accumulation_steps=1, aux_loss_enabled=False, _entropy_bonus_enabled=False,
            model=SimpleNamespace(training=False),
            args=SimpleNamespace(delta=None, sapo_temperature_pos=1.0, sapo_temperature_neg=1.05, steps_per_generation=1),
            accelerator=SimpleNamespace(num_processes=1, gather=lambda x: x, reduce=lambda x, reduction: x),
            _metrics=defaultdict(lambda: defaultdict(list)),
            _get_per_token_logps_and_entropies=lambda *a, **k: (p.logp, torch.zeros_like(p.mask), None))
        ids = torch.zeros(p.mask.shape, dtype=torch.long)
        inputs = {"prompt_ids": ids[:, :1], "prompt_mask": ids[:, :1] + 1, "completion_ids": ids, "completion_mask": p.mask,
                  "advantages": p.advantages(ours), "old_per_token_logps": p.old, "num_items_in_batch": p.mask.sum()}
        return GRPOTrainer._compute_loss(trainer, None, inputs)
    return loss


LOSSES = {  # settings of grpo, verl's loss, TRL's loss
    "ppo's clip, mean over tokens": (["clip=[0.2,0.28]"], ("vanilla", "token-mean", 0.2, 0.28), ("dapo", 0.2, 0.28)),
    "dual clip": (["clip=[0.2,0.28]", "dual_clip=1.3"], ("vanilla", "token-mean", 0.2, 0.28, 1.3), None),
    "grpo": (["clip=0.2", "aggregation=sequence"], ("vanilla", "seq-mean-token-mean", 0.2, 0.2), ("grpo", 0.2, 0.2)),
    "dr_grpo": (["variant=dr_grpo"], ("vanilla", "seq-mean-token-sum-norm", 0.2, 0.2), ("dr_grpo", 0.2, 0.2)),
    "gspo": (["variant=gspo", "clip=[0.05,0.08]"], ("gspo", "seq-mean-token-mean", 0.05, 0.08), ("grpo", 0.05, 0.08, "sequence")),
    "cispo": (["variant=cispo"], ("cispo", "token-mean", 1.0, 0.28), ("cispo", 0.0, 1.28)),
    "sapo": (["variant=sapo"], ("sapo", "seq-mean-token-mean", 0.2, 0.2), ("sapo", 0.2, 0.2)),
    "gmpo": (["variant=gmpo"], ("geo_mean", "token-mean", 0.4, 0.4), None),
}
ADVANTAGES = {} if verl is None else {
    "grpo": (["scale=std"], verl_advantages(verl.compute_grpo_outcome_advantage, epsilon=1e-6)),
    "dr_grpo": (["scale=none"], verl_advantages(verl.compute_grpo_outcome_advantage, norm_adv_by_std_in_grpo=False)),
    "rloo": (["variant=rloo"], verl_advantages(verl.compute_rloo_outcome_advantage)),
    "opo": (["variant=opo"], verl_advantages(verl.compute_opo_outcome_advantage)),
}

for seed in range(BATCHES):
    batch = random_batch(seed)
    for name, (settings, of_verl, of_trl) in LOSSES.items():
        padded = Padded(batch)
        ours = explain(batch, settings)
        if verl is not None and of_verl is not None:
            print("verl", name, *("{:.1e}".format(x) for x in check(name, padded, ours, verl_loss(*of_verl)(padded, ours))))
        if GRPOTrainer is not None and of_trl is not None:
            print("TRL ", name, *("{:.1e}".format(x) for x in check(name, padded, ours, trl_loss(*of_trl)(padded, ours))))
    for name, (settings, theirs) in ADVANTAGES.items():
        padded = Padded(batch)
        worst = float((padded.advantages(explain(batch, settings)) - theirs(padded)).abs().max())
        assert worst <= VALUE * 10, (name, worst)
        print("verl advantages", name, f"{worst:.1e}")
