"""Reward functions in the forms of other trainers."""


def trl(completions, answer, prompts, **kwargs):
    texts = [completion if isinstance(completion, str) else completion[0]["content"] for completion in completions]
    assert "prompt" not in kwargs and len(prompts) == len(texts)
    return [1.0 if right in text else 0.0 for text, right in zip(texts, answer)]


def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    return {"score": float(solution_str.strip() == ground_truth), "said": solution_str}


def reward_func(queries, prompts, labels):
    return {"rewards": [float(query == prompt + label) for query, prompt, label in zip(queries, prompts, labels)]}


def cannot_tell(completions):
    return [None for _ in completions]


def too_many(completions):
    return [1.0, 2.0]
