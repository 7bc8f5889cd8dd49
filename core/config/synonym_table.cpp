// Synonyms by subject: names of other trainers, ours, and a note.

#include "core/config/synonyms.h"

namespace tinyzero {
namespace {

constexpr std::string_view kLogs =
    "every run writes metrics.jsonl and TensorBoard files; `report` makes a page of them";

constexpr Synonym kTable[] = {
    // What a step is.
    {"train_batch_size rollout_batch_size batch_size gen_batch_size generation_batch_size "
     "num_prompts prompts_per_step num_prompts_per_step per_device_train_batch_size "
     "global_batch_size n_prompts",
     "rollout.prompts",
     "problems per step; train.micro_batch is the number of tokens processed at once"},
    {"num_generations n rollout_n group_size n_samples n_samples_per_prompt num_samples "
     "num_return_sequences samples_per_prompt num_rollouts generations num_completions g "
     "grpo_size rollouts_per_example",
     "rollout.samples", ""},
    {"max_completion_length max_response_length response_length max_new_tokens "
     "generate_max_len max_gen_len max_generated_tokens completion_length "
     "max_completion_tokens max_output_tokens",
     "rollout.max_tokens", ""},
    {"max_prompt_length prompt_max_len max_seq_length max_seq_len max_length context_length "
     "max_model_len block_size n_ctx n_positions max_position_embeddings seq_len",
     "model.context", "of a new model; a model folder has its own"},
    {"num_minibatches ppo_mini_batch_size mini_batch_size num_mini_batches minibatch_size "
     "num_minibatches_per_step steps_per_generation",
     "train.updates", "gradient updates that share the problems of a step"},
    {"ppo_micro_batch_size ppo_micro_batch_size_per_gpu micro_batch_size "
     "micro_train_batch_size gradient_accumulation_steps grad_accum accumulation_steps "
     "per_device_batch_size ppo_max_token_len_per_gpu log_prob_micro_batch_size_per_gpu",
     "train.micro_batch", "in tokens; it changes memory, never the gradient; 0 chooses it"},
    {"mu ppo_epochs num_ppo_epochs update_epochs max_epochs n_epochs num_epochs num_iterations",
     "train.epochs", "passes over a step's episodes"},
    {"max_steps total_steps num_steps training_steps total_training_steps num_train_steps "
     "total_timesteps n_steps iterations num_train_epochs total_epochs num_episodes max_iters",
     "train.steps", "each step draws new problems: there are no epochs over a data set"},
    {"token_budget max_total_tokens total_tokens", "train.budget_tokens", ""},
    {"max_time time_limit max_seconds", "train.budget_seconds", ""},
    {"temp sampling_temperature rollout_temperature", "rollout.temperature", ""},
    {"top_p top_k min_p repetition_penalty", "",
     "training samples from the whole distribution; `model generate` has --top-k and --top-p"},
    {"filter_groups dynamic_filtering oversample max_num_gen_batches filter_zero_std",
     "rollout.mixed_rounds", ""},
    {"max_async_level max_head_offpolicyness staleness_threshold async_train async_grpo "
     "max_staleness one_step_off_policy",
     "rollout.ahead", "0 or 1, by a fixed schedule; nothing is thrown away for being late"},

    // The optimizer.
    {"lr actor_lr actor_learning_rate policy_lr optim.lr base_lr max_lr", "train.learning_rate",
     ""},
    {"critic_lr value_lr critic.optim.lr", "algorithm.critic_learning_rate", "a setting of ppo"},
    {"lr_scheduler_type lr_scheduler scheduler warmup_style anneal_lr lr_schedule "
     "lr_decay_style",
     "train.schedule", ""},
    {"warmup_steps lr_warmup_steps num_warmup_steps warmup_iters", "train.warmup", "in steps"},
    {"warmup_ratio lr_warmup_steps_ratio lr_warmup_ratio", "train.warmup",
     "in steps, not as a share of them"},
    {"optim optimizer_type optimizer_name", "train.optimizer", ""},
    {"wd l2 weight_decay_rate", "train.weight_decay", ""},
    {"adam_beta1", "train.beta1", ""},
    {"adam_beta2", "train.beta2", ""},
    {"betas adam_betas", "train.beta1 train.beta2", ""},
    {"adam_epsilon adam_eps", "", "AdamW's epsilon is 1e-8 and cannot be set"},
    {"max_grad_norm grad_clip gradient_clip grad_clip_norm clip_grad gradient_clipping "
     "clip_grad_norm max_norm",
     "train.clip_norm", ""},
    {"optim_bits use_8bit_adam adam_8bit optimizer_bits", "train.optimizer_state", ""},
    {"gradient_checkpointing enable_gradient_checkpointing enable_activation_checkpointing "
     "activation_checkpointing",
     "train.recompute", ""},
    {"tis_imp_ratio_cap vllm_importance_sampling_cap vllm_importance_sampling_correction "
     "is_cap",
     "train.importance_cap", ""},

    // The algorithm.
    {"adv_estimator algo algorithm_name rl_algorithm advantage_estimator trainer_type",
     "algorithm.use", "`tinyzero algorithm list` names them; algorithm.variant chooses a variant"},
    {"loss_type policy_loss estimator", "algorithm.variant",
     "`tinyzero algorithm show NAME` lists them"},
    {"beta kl_coef kl_coeff init_kl_coef kl_loss_coef kl_beta kl_penalty_coef kl_weight "
     "kl_ctrl kl_ctrl.kl_coef",
     "algorithm.kl", ""},
    {"kl_penalty kl_loss_type kl_type kl_approximator", "algorithm.kl_estimator", ""},
    {"use_kl_loss use_kl_in_reward use_kl", "algorithm.kl_in",
     "loss or reward; algorithm.kl: 0 switches it off"},
    {"target_kl kl_ctrl.target_kl", "algorithm.kl_target", ""},
    {"kl_ctrl.horizon horizon", "algorithm.kl_horizon", ""},
    {"ref_model_sync_steps sync_ref_model reference_update_every", "algorithm.reference_every",
     "steps"},
    {"epsilon clip_ratio cliprange clip_range clip_eps eps_clip clip_coef clip_param "
     "cliprange_pi clip_epsilon",
     "algorithm.clip", ""},
    {"epsilon_high epsilon_low clip_ratio_high clip_ratio_low eps_clip_low_high eps_clip_high",
     "algorithm.clip", "a list of two, [below, above]"},
    {"clip_ratio_c dual_clip_ratio", "algorithm.dual_clip", ""},
    {"cliprange_value value_clip_range clip_vloss vf_clip value_cliprange", "algorithm.value_clip",
     ""},
    {"discount discount_factor", "algorithm.gamma", ""},
    {"lam gae_lambda lambd lambda_", "algorithm.lambda", ""},
    {"vf_coef value_loss_coef critic_loss_coef value_coef", "algorithm.critic_learning_rate",
     "the critic is a model of its own, with an optimizer of its own"},
    {"entropy_coef ent_coef entropy_coeff entropy_loss_coef entropy_beta entropy_bonus",
     "algorithm.entropy", ""},
    {"loss_agg_mode loss_aggregation", "algorithm.aggregation", ""},
    {"scale_rewards norm_adv_by_std_in_grpo norm_adv normalize_advantages", "algorithm.scale", ""},
    {"whiten_advantages whiten_rewards", "algorithm.whiten", ""},
    {"importance_sampling_level", "algorithm.ratio", ""},
    {"overlong_buffer overlong_filtering mask_truncated_completions overlong_buffer_len",
     "algorithm.overlong_penalty", ""},
    {"critic_warmup_steps", "algorithm.critic_warmup", ""},

    // The model.
    {"model_name_or_path model_name model_path pretrain base_model checkpoint_path "
     "pretrained_model_name_or_path hf_model model_id actor_rollout_ref.model.path init_from",
     "model.path", "a Hugging Face folder on this machine: nothing is downloaded"},
    {"tokenizer_name tokenizer_path tokenizer_name_or_path", "model.path",
     "the tokenizer comes from that folder"},
    {"chat_template prompt_template template_type apply_chat_template", "model.template", ""},
    {"n_layers num_layers num_hidden_layers n_layer depth", "model.layers", ""},
    {"hidden_size d_model n_embd dim embed_dim embedding_size", "model.width", ""},
    {"num_attention_heads n_heads n_head num_heads", "model.heads", ""},
    {"num_key_value_heads n_kv_heads num_kv_heads n_kv_head", "model.kv_heads", ""},
    {"intermediate_size ffn_dim hidden_dim d_ff ffn_hidden_size", "model.mlp", ""},
    {"vocab_size", "", "the tokenizer decides the size of the vocabulary"},
    {"attn_implementation use_flash_attention flash_attn", "",
     "there is one implementation of attention, which is exact"},
    {"bf16 fp16 torch_dtype dtype mixed_precision half_precision amp", "precision",
     "auto, f32 or bf16; there is no fp16"},
    {"use_cpu no_cuda use_gpu gpu cuda use_vllm vllm accelerator", "rollout.device train.device",
     "cpu or cuda"},
    {"num_workers n_threads num_threads omp_num_threads nproc num_cpus", "threads", ""},
    {"n_gpus_per_node nnodes tensor_model_parallel_size world_size gpu_memory_utilization "
     "num_gpus",
     "", "a run uses one process on one machine"},
    {"random_seed rng_seed manual_seed", "seed", "at the top of the file"},
    {"lora_rank lora_r r peft_config use_peft use_lora", "lora.rank", ""},
    {"lora_alpha", "lora.alpha", ""},
    {"target_modules lora_target_modules", "lora.targets", "of q, k, v, o, gate, up, down"},
    {"lora_dropout", "", "adapters have no dropout"},
    {"sft_steps sft_epochs cold_start cold_start_steps", "warm_start.steps", ""},

    // Problems and rewards.
    {"dataset dataset_name train_files val_files prompt_data data_path data train_dataset "
     "eval_dataset env env_id environment",
     "task.use", "a task draws its problems; `tinyzero task list` names the tasks"},
    {"reward_funcs reward_function reward_fn custom_reward_function compute_score "
     "reward_manager reward_model_path reward_weights remote_rm_url verifier",
     "task.use", "a task judges answers; `tinyzero task new` starts a new one"},
    {"dataset_seed data_seed shuffle", "seed", "seed of all randomness"},

    // Evaluation, checkpoints, logs.
    {"eval_steps test_freq val_freq eval_freq eval_every eval_interval eval_strategy "
     "evaluation_strategy val_check_interval test_every",
     "eval.every", "steps"},
    {"num_eval_problems eval_size val_batch_size n_eval eval_batch_size max_eval_samples",
     "eval.problems", ""},
    {"eval_samples val_kwargs.n num_eval_samples", "eval.samples", ""},
    {"val_before_train eval_on_start", "", "a run is always evaluated before its first step"},
    {"do_sample", "", "evaluation reports both sampled and greedy accuracy"},
    {"save_steps save_freq save_every checkpoint_every save_interval ckpt_freq save_strategy "
     "checkpoint_interval",
     "checkpoint.every", "steps"},
    {"save_total_limit max_ckpt_to_keep max_ckpt_num max_actor_ckpt_to_keep keep_last",
     "checkpoint.keep", ""},
    {"load_best_model_at_end save_best metric_for_best_model", "checkpoint.keep_best", ""},
    {"output_dir default_local_dir save_path ckpt_path run_name exp_name experiment_name "
     "out_dir save_dir",
     "", "the command line names the folder of a run: train FILE --run FOLDER"},
    {"resume_from_checkpoint resume_mode resume load_checkpoint", "",
     "resume a run with: train --resume FOLDER"},
    {"logging_steps log_freq log_every log_interval report_to logger wandb wandb_project "
     "project_name use_wandb track logging_dir tensorboard log_completions",
     "", kLogs},
};

}  // namespace

constinit const std::span<const Synonym> kSynonyms = kTable;

}  // namespace tinyzero
