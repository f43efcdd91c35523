"""Learning rates over time."""
import torch
from torch import optim
from torch.optim import lr_scheduler as S

from writer import Family

ROWS = {
    "step/basic": (S.StepLR, {"step_size": 3, "gamma": 0.5}),
    "multi_step/basic": (S.MultiStepLR, {"milestones": [2, 5, 6], "gamma": 0.1}),
    "constant/basic": (S.ConstantLR, {"factor": 0.25, "total_iters": 4}),
    "linear/basic": (S.LinearLR, {"start_factor": 0.25, "end_factor": 1.0, "total_iters": 5}),
    "exponential/basic": (S.ExponentialLR, {"gamma": 0.9}),
    "polynomial/basic": (S.PolynomialLR, {"total_iters": 6, "power": 2.0}),
    "cosine_annealing/basic": (S.CosineAnnealingLR, {"T_max": 8, "eta_min": 0.01}),
    "cosine_annealing/past_end": (S.CosineAnnealingLR, {"T_max": 4, "eta_min": 0.0}),
    "cosine_warm_restarts/basic": (S.CosineAnnealingWarmRestarts, {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    "one_cycle/cos": (S.OneCycleLR, {"max_lr": 0.5, "total_steps": 12, "pct_start": 0.3, "anneal_strategy": "cos",
                                     "div_factor": 25.0,
                                    "final_div_factor": 1e4, "three_phase": False, "cycle_momentum": False}),
    "one_cycle/linear_three_phase": (S.OneCycleLR,
                                     {"max_lr": 0.5, "total_steps": 12, "pct_start": 0.4, "anneal_strategy": "linear",
                                      "div_factor": 10.0,
                                                    "final_div_factor": 100.0, "three_phase": True,
                                                    "cycle_momentum": False}),
    "cyclic/triangular": (S.CyclicLR, {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "step_size_down": 2,
                                       "mode": "triangular", "cycle_momentum": False}),
    "cyclic/triangular2": (S.CyclicLR, {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "step_size_down": 2,
                                        "mode": "triangular2", "cycle_momentum": False}),
    "cyclic/exp_range": (S.CyclicLR, {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "step_size_down": 2,
                                      "mode": "exp_range", "gamma": 0.9, "cycle_momentum": False}),
}
METRICS = [1.0, 0.9, 0.9, 0.9, 0.9, 0.5, 0.5, 0.6, 0.7, 0.5, 0.49999, 0.4]


def optimizer():
    return optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)


def record(f, name, args, step, opt, steps=12, **more):
    rates = [opt.param_groups[0]["lr"]]
    for i in range(1, steps):
        opt.step()
        step(i)
        rates.append(opt.param_groups[0]["lr"])
    f.begin(name, {"lr": 0.1, **args})
    for k, t in more.items():
        f.put("in", k, t)
    f.put("out", "lr", torch.tensor(rates))
    f.end()


def make():
    f = Family("schedulers",
               "out lr: the rate used by optimizer steps 1, 2, ...; the scheduler steps once after each. Base rate: arg lr.")
    for name, (cls, options) in ROWS.items():
        opt = optimizer()
        scheduler = cls(opt, **options)
        record(f, name, options, lambda i: scheduler.step(), opt)
    opt = optimizer()
    warm = S.SequentialLR(opt, [S.LinearLR(opt, 0.1, total_iters=4), S.ExponentialLR(opt, 0.9)], milestones=[4])
    record(f, "sequential/warmup_then_exponential",
           {"start_factor": 0.1, "total_iters": 4, "gamma": 0.9, "milestones": [4]}, lambda i: warm.step(), opt)
    for tag, options in (("basic", {"factor": 0.5, "patience": 1, "threshold": 1e-4, "threshold_mode": "rel",
                                    "cooldown": 0, "min_lr": 0.0}),
                         ("cooldown_min", {"factor": 0.1, "patience": 0, "threshold": 0.01, "threshold_mode": "abs",
                                           "cooldown": 2, "min_lr": 0.005})):
        opt = optimizer()
        plateau = S.ReduceLROnPlateau(opt, "min", **options)
        record(f, f"reduce_on_plateau/{tag}", {"mode": "min", **options}, lambda i: plateau.step(METRICS[i - 1]), opt,
               12, metrics=torch.tensor(METRICS))
    return f
