"""Optimizer trajectories: start, one gradient a step, parameters after every step."""
import torch
from torch import optim

from writer import Family, fixed, normal, uniform

SHAPES = {"w": (2, 2), "b": (2,)}
STEPS = 5
# case: (class, options)
ROWS = {
    "sgd/plain": (optim.SGD, {"lr": 0.1}),
    "sgd/momentum": (optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "sgd/dampening": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.25}),
    "sgd/nesterov": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "sgd/weight_decay": (optim.SGD, {"lr": 0.1, "weight_decay": 0.125}),
    "sgd/everything": (optim.SGD, {"lr": 0.05, "momentum": 0.75, "dampening": 0.5, "weight_decay": 0.01}),
    "sgd/nesterov_weight_decay": (optim.SGD, {"lr": 0.05, "momentum": 0.75, "weight_decay": 0.125, "nesterov": True}),
    "sgd/maximize": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "maximize": True}),
    "adam/default": (optim.Adam, {"lr": 1e-3}),
    "adam/gan": (optim.Adam, {"lr": 2e-4, "betas": (0.5, 0.999)}),
    "adam/weight_decay": (optim.Adam, {"lr": 0.01, "weight_decay": 0.125}),
    "adam/large_eps": (optim.Adam, {"lr": 0.01, "eps": 0.5}),
    "adam/amsgrad": (optim.Adam, {"lr": 0.01, "betas": (0.5, 0.5), "amsgrad": True}),
    "adam/maximize": (optim.Adam, {"lr": 0.01, "maximize": True}),
    "adamw/default": (optim.AdamW, {"lr": 1e-3}),
    "adamw/weight_decay": (optim.AdamW, {"lr": 0.01, "weight_decay": 0.25, "betas": (0.8, 0.95)}),
    "adamw/amsgrad": (optim.AdamW, {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True}),
    "rmsprop/default": (optim.RMSprop, {"lr": 0.01}),
    "rmsprop/momentum": (optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "momentum": 0.5}),
    "rmsprop/centered": (optim.RMSprop, {"lr": 0.01, "centered": True}),
    "rmsprop/everything": (optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": 0.01, "momentum": 0.5,
                                           "weight_decay": 0.125, "centered": True}),
    "adagrad/default": (optim.Adagrad, {"lr": 0.01}),
    "adagrad/everything": (optim.Adagrad, {"lr": 0.1, "lr_decay": 0.25, "weight_decay": 0.125,
                                           "initial_accumulator_value": 0.5, "eps": 1e-6}),
    "adadelta/default": (optim.Adadelta, {"lr": 1.0}),
    "adadelta/everything": (optim.Adadelta, {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.125}),
    "adamax/default": (optim.Adamax, {"lr": 2e-3}),
    "adamax/weight_decay": (optim.Adamax, {"lr": 0.01, "betas": (0.8, 0.9), "weight_decay": 0.125}),
    "nadam/default": (optim.NAdam, {"lr": 2e-3}),
    "nadam/weight_decay": (optim.NAdam, {"lr": 0.01, "weight_decay": 0.125, "momentum_decay": 0.01}),
    "radam/default": (optim.RAdam, {"lr": 0.01}),
    "radam/short_memory": (optim.RAdam, {"lr": 0.01, "betas": (0.5, 0.9)}),
    "rprop/default": (optim.Rprop, {"lr": 0.01}),
}


def trajectory(f, name, cls, options, args=None, note=None, lrs=None, skip=(), groups=None, steps=STEPS):
    g = f.generator(name)
    start = {k: normal(*s)(g) for k, s in SHAPES.items()}
    parameters = {k: t.clone().requires_grad_() for k, t in start.items()}
    if groups:
        optimizer = cls([{"params": [parameters[k]], **more} for k, more in groups.items()], **options)
    else:
        optimizer = cls(parameters.values(), **options)
    skipped = {"foreach", "capturable", "differentiable", "fused"}
    f.begin(name, {"steps": steps, **{k: v for k, v in optimizer.defaults.items() if k not in skipped}, **(args or {})},
            note)
    for k, t in start.items():
        f.put("state_before", k, t)
    for step in range(1, steps + 1):
        if lrs:
            for group in optimizer.param_groups:
                group["lr"] = lrs[step - 1]
        for k, p in parameters.items():
            if (step, k) in skip:
                p.grad = None
                continue
            p.grad = normal(*SHAPES[k], scale=2.0 ** (2 - step))(g)
            f.put("in", f"{step}.{k}", p.grad)
        optimizer.step()
        for k, p in parameters.items():
            f.put("state_after", f"{step}.{k}", p)
    for k, p in parameters.items():
        for key, t in optimizer.state[p].items():
            if t is not None:
                f.put("state_after", f"{steps}.{k}.{key}", t if isinstance(t, torch.Tensor) else torch.tensor(float(t)))
    f.end()


def clipping(f):
    for tag, p, limit in (("p2", 2.0, 1.0), ("p1", 1.0, 0.5), ("inf", float("inf"), 0.25), ("below_limit", 2.0, 100.0)):
        def fn(a, b):
            parameters = [torch.zeros_like(t).requires_grad_() for t in (a, b)]
            for q, t in zip(parameters, (a, b)):
                q.grad = t.clone()
            total = torch.nn.utils.clip_grad_norm_(parameters, limit, p)
            return {"total_norm": total, "a": parameters[0].grad, "b": parameters[1].grad}
        f.case(f"clip_grad_norm/{tag}", fn, {"a": normal(2, 3), "b": normal(4)}, {"max_norm": limit, "norm_type": p},
               order=0,
               note="factor max_norm / (total_norm + 1e-6), at most 1")
    f.case("clip_grad_value/basic", lambda a: a.clamp(-0.5, 0.5), {"a": normal(2, 3)}, {"clip_value": 0.5}, order=0)


def make():
    f = Family("optimizers",
               "Trajectories. in <step>.<parameter>: its gradient at that step; state_after <step>.<parameter>: the parameter after it;\n"
                             "# state_after 5.<parameter>.<key>: the optimizer's state for it at the end. beta lists: two numbers.")
    for name, (cls, options) in ROWS.items():
        trajectory(f, name, cls, options, steps=8 if name.startswith("radam") else STEPS)
    trajectory(f, "sgd/missing_gradient", optim.SGD, {"lr": 0.1, "momentum": 0.9}, skip={(1, "b"), (3, "b"), (4, "w")},
               note="a parameter without a gradient stands still and its state does too")
    trajectory(f, "adam/missing_gradient", optim.Adam, {"lr": 0.01}, skip={(1, "b"), (3, "b"), (4, "w")},
               note="each parameter counts its own steps")
    lrs = [0.1, 0.1, 0.05, 0.05, 0.2]
    trajectory(f, "sgd/lr_schedule", optim.SGD, {"lr": 0.1, "momentum": 0.9}, {"lrs": lrs}, lrs=lrs,
               note="lrs: the rate at each step")
    trajectory(f, "adam/lr_schedule", optim.Adam, {"lr": 0.1}, {"lrs": lrs}, lrs=lrs, note="lrs: the rate at each step")
    groups = {"w": {"lr": 0.1, "weight_decay": 0.125}, "b": {"lr": 0.01, "weight_decay": 0}}
    for name, cls in (("sgd", optim.SGD), ("adamw", optim.AdamW)):
        trajectory(f, f"{name}/two_groups", cls, {"lr": 0.1},
                   {"w.lr": 0.1, "w.weight_decay": 0.125, "b.lr": 0.01, "b.weight_decay": 0}, groups=groups,
                   note="w and b in groups with options of their own")
    clipping(f)
    return f
