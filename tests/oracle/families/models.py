"""Whole networks: a 1-D DCGAN pair, gradient penalties, a few training steps. Parameters are inputs named as in a state_dict."""
import torch
import torch.nn.functional as F

import formulas
from writer import Family, close, fixed, integers, normal, uniform

EPS = 1e-5


# generator: z [N, 3] -> fc -> [N, 4, 4] -> up1 norm1 relu -> up2 norm2 relu -> up3 norm3 relu -> out tanh: [N, 1, 32]
def generator_shapes():
    return {"fc.weight": (16, 3), "fc.bias": (16,), "up1.weight": (4, 4, 4), "up1.bias": (4,), "norm1.weight": (4,),
            "norm1.bias": (4,),
            "up2.weight": (4, 3, 4), "up2.bias": (3,), "norm2.weight": (3,), "norm2.bias": (3,),
            "up3.weight": (3, 2, 4), "up3.bias": (2,), "norm3.weight": (2,), "norm3.bias": (2,),
            "out.weight": (1, 2, 7), "out.bias": (1,)}


# critic: x [N, 1, 32] -> conv1 leaky -> conv2 norm2 leaky -> conv3 norm3 leaky -> flatten -> out: [N, 1]
def critic_shapes(norms=True):
    shapes = {"conv1.weight": (3, 1, 4), "conv1.bias": (3,), "conv2.weight": (4, 3, 4), "conv2.bias": (4,),
              "norm2.weight": (4,), "norm2.bias": (4,),
              "conv3.weight": (5, 4, 4), "conv3.bias": (5,), "norm3.weight": (5,), "norm3.bias": (5,),
              "out.weight": (1, 20), "out.bias": (1,)}
    return {k: s for k, s in shapes.items() if norms or not k.startswith("norm")}


def draw(shapes, g, prefix=""):
    return {prefix + k: normal(*s, scale=0.25, shift=1 if k.startswith("norm") and k.endswith("weight") else 0)(g)
            for k, s in shapes.items()}


def part(p, prefix):
    return {k[len(prefix):]: t for k, t in p.items() if k.startswith(prefix)}


def fused(x, w, b):
    return F.instance_norm(x, weight=w, bias=b, eps=EPS)


def generator(z, p, norm=fused):
    h = F.linear(z, p["fc.weight"], p["fc.bias"]).reshape(-1, 4, 4)
    for i in "123":
        h = F.conv_transpose1d(h, p[f"up{i}.weight"], p[f"up{i}.bias"], stride=2, padding=1)
        h = F.relu(norm(h, p[f"norm{i}.weight"], p[f"norm{i}.bias"]))
    return torch.tanh(F.conv1d(h, p["out.weight"], p["out.bias"], padding=3))


def critic(x, p, norm=fused):
    h = F.leaky_relu(F.conv1d(x, p["conv1.weight"], p["conv1.bias"], stride=2, padding=1), 0.2)
    for i in "23":
        h = F.conv1d(h, p[f"conv{i}.weight"], p[f"conv{i}.bias"], stride=2, padding=1)
        if f"norm{i}.weight" in p:
            h = norm(h, p[f"norm{i}.weight"], p[f"norm{i}.bias"])
        h = F.leaky_relu(h, 0.2)
    return F.linear(h.flatten(1), p["out.weight"], p["out.bias"])


def bce(x, target):
    return F.binary_cross_entropy_with_logits(x, torch.full_like(x, target))


def loss_case(f, name, data, parameters, fn, note, args=None, check=None):
    """fn(data, parameters) gives outs with a scalar `loss`; grads of the loss by every parameter and floating input."""
    def run(body):
        leaves = {k: t.clone().requires_grad_(t.dtype.is_floating_point) for k, t in {**data, **parameters}.items()}
        outs = body({k: leaves[k] for k in data}, {k: leaves[k] for k in parameters})
        diff = {k: t for k, t in leaves.items() if t.requires_grad}
        grads = torch.autograd.grad(outs["loss"], list(diff.values()), allow_unused=True)
        return outs, {k: torch.zeros_like(t) if d is None else d for (k, t), d in zip(diff.items(), grads)}
    outs, grads = run(fn)
    if check is not None:
        outs_b, grads_b = run(check)
        for k in grads:
            close(f"{name} grad {k}", grads[k], grads_b[k], 1e-10)
        for k in outs:
            close(f"{name} out {k}", outs[k], outs_b[k], 1e-10)
    f.begin(name, args, note + "\nevery grad is of `loss`")
    for kind, tensors in (("in", {**data, **parameters}), ("out", outs), ("grad", grads)):
        for k, t in tensors.items():
            f.put(kind, k, t)
    f.end()


def dcgan(f):
    shapes = {"z": normal(2, 3),
              **{k: normal(*s, scale=0.25, shift=1 if k.startswith("norm") and k.endswith("weight") else 0) for k,
                 s in generator_shapes().items()}}
    keys = list(generator_shapes())
    f.case("dcgan/generator", lambda z, *p: generator(z, dict(zip(keys, p))), shapes, {"eps": EPS}, order=1,
           check=lambda z, *p: generator(z, dict(zip(keys, p)), formulas.instance_norm), check_order=1, tol=1e-10,
           note="z [N, 3] -> fc -> [N, 4, 4] -> 3 times (up<i>: ConvTranspose1d k4 s2 p1, norm<i>: InstanceNorm1d affine, ReLU), channels 4 4 3 2\n"
                "-> out: Conv1d 2->1 k7 p3 -> tanh: [N, 1, 32]")
    shapes = {"x": normal(2, 1, 32),
              **{k: normal(*s, scale=0.25, shift=1 if k.startswith("norm") and k.endswith("weight") else 0) for k,
                 s in critic_shapes().items()}}
    ckeys = list(critic_shapes())
    about = ("x [N, 1, 32] -> conv1 1->3 k4 s2 p1, LeakyReLU 0.2 -> conv2 3->4, norm2: InstanceNorm1d affine, LeakyReLU -> conv3 4->5, norm3, LeakyReLU\n"
             "-> flatten -> out: Linear 20->1")
    f.case("dcgan/discriminator", lambda x, *p: critic(x, dict(zip(ckeys, p))), shapes, {"eps": EPS}, order=2,
           check=lambda x, *p: critic(x, dict(zip(ckeys, p)), formulas.instance_norm), tol=1e-9, note=about)
    g = f.generator("dcgan/steps")
    real, z = normal(2, 1, 32)(g), normal(2, 3)(g)
    d, gen = draw(critic_shapes(), g, "d."), draw(generator_shapes(), g, "g.")
    fake = torch.round(generator(z, part(gen, "g.")) * 64) / 64

    def d_loss(data, p):
        return {"loss": bce(critic(data["real"], part(p, "d.")), 1.0) + bce(critic(data["fake"], part(p, "d.")), 0.0)}

    def g_loss(data, p):
        return {"loss": bce(critic(generator(data["z"], part(p, "g.")), part(p, "d.")), 1.0)}
    loss_case(f, "dcgan/discriminator_loss", {"real": real, "fake": fake}, d, d_loss,
              "bce(D(real), 1) + bce(D(fake), 0), with logits, mean")
    loss_case(f, "dcgan/generator_loss", {"z": z}, {**gen, **d}, g_loss,
              "bce(D(G(z)), 1), with logits, mean; parameters of both")


def penalties(f):
    def wgan_gp(norm):
        def fn(data, p):
            xh = (data["a"] * data["real"] + (1 - data["a"]) * data["fake"])
            if not xh.requires_grad:
                xh.requires_grad_()
            g = torch.autograd.grad(critic(xh, p, norm).sum(), xh, create_graph=True)[0]
            norms = torch.sqrt((g * g).sum((1, 2)))
            gp = ((norms - 1) ** 2).mean()
            return {"loss": critic(data["fake"], p, norm).mean() - critic(data["real"], p, norm).mean() + 10 * gp,
                    "gp": gp, "input_gradient": g, "norms": norms}
        return fn

    def r1(norm):
        def fn(data, p):
            x = data["real"]
            score = critic(x, p, norm)
            g = torch.autograd.grad(score.sum(), x, create_graph=True)[0]
            penalty = (g * g).sum((1, 2)).mean()
            return {"loss": F.softplus(-score).mean() + 5 * penalty, "penalty": penalty, "input_gradient": g}
        return fn
    for tag, with_norm in (("nonorm", False), ("instancenorm", True)):
        g = f.generator("wgan_gp/" + tag)
        data = {"real": normal(2, 1, 32)(g), "fake": normal(2, 1, 32)(g), "a": uniform(2, 1, 1)(g)}
        p = draw(critic_shapes(with_norm), g)
        loss_case(f, f"wgan_gp/{tag}", data, p, wgan_gp(fused),
                  "critic of dcgan/discriminator" + ("" if with_norm else " without norm2 and norm3") +
                  "; xh = a real + (1 - a) fake; gp = mean over samples of (||d D(xh) / d xh|| - 1)^2;\nloss = mean D(fake) - mean D(real) + 10 gp; "
                  "fused and written-out instance norm agree", check=wgan_gp(formulas.instance_norm))
        g = f.generator("r1/" + tag)
        data = {"real": normal(2, 1, 32)(g)}
        loss_case(f, f"r1/{tag}", data, draw(critic_shapes(with_norm), g), r1(fused),
                  "loss = mean softplus(-D(real)) + 5 mean over samples of ||d D / d real||^2",
                  check=r1(formulas.instance_norm))
    g = f.generator("wgan_gp/linear")
    data, p = {"x": normal(3, 4)(g)}, {"w": normal(4)(g)}

    def linear(data, p):
        grad = torch.autograd.grad((data["x"] @ p["w"]).sum(), data["x"], create_graph=True)[0]
        norms = torch.sqrt((grad * grad).sum(1))
        close("linear critic", norms.detach(), p["w"].detach().norm().expand(3))
        return {"loss": ((norms - 1) ** 2).mean(), "norms": norms}
    loss_case(f, "wgan_gp/linear_critic", data, p, linear,
              "D(x) = x . w: every gradient norm is ||w||, loss (||w|| - 1)^2, grad w 2 (||w|| - 1) w / ||w||")


def training(f):
    """Three GAN steps as in the main job, losses of each and all parameters at the end."""
    g = f.generator("dcgan/train")
    d, gen = draw(critic_shapes(), g, "d."), draw(generator_shapes(), g, "g.")
    start = {**gen, **d}
    leaves = {k: t.clone().requires_grad_() for k, t in start.items()}
    dp, gp = {k: leaves[k] for k in d}, {k: leaves[k] for k in gen}
    options = {"lr": 2e-3, "betas": (0.5, 0.999)}
    opt_d, opt_g = torch.optim.Adam(dp.values(), **options), torch.optim.Adam(gp.values(), **options)
    f.begin("dcgan/train_3_steps", options,
            "each step: loss_d = bce(D(real), 1) + bce(D(G(z_d) detached), 0), Adam on d; then loss_g = bce(D(G(z_g)), 1), Adam on g")
    for k, t in start.items():
        f.put("state_before", k, t)
    losses = []
    for step in (1, 2, 3):
        real, z_d, z_g = normal(2, 1, 32)(g), normal(2, 3)(g), normal(2, 3)(g)
        for k, t in (("real", real), ("z_d", z_d), ("z_g", z_g)):
            f.put("in", f"{step}.{k}", t)
        fake = generator(z_d, part(gp, "g.")).detach()
        opt_d.zero_grad()
        loss_d = bce(critic(real, part(dp, "d.")), 1.0) + bce(critic(fake, part(dp, "d.")), 0.0)
        loss_d.backward()
        opt_d.step()
        opt_g.zero_grad()
        loss_g = bce(critic(generator(z_g, part(gp, "g.")), part(dp, "d.")), 1.0)
        loss_g.backward()
        opt_g.step()
        losses += [loss_d.item(), loss_g.item()]
    f.put("out", "losses", torch.tensor(losses).reshape(3, 2))
    for k, t in leaves.items():
        f.put("state_after", k, t)
    f.end()


def small(f):
    keys = ["0.weight", "0.bias", "2.weight", "2.bias"]
    inputs = {"x": normal(3, 2), **dict(zip(keys, (normal(4, 2), normal(4), normal(1, 4), normal(1))))}
    f.case("mlp/tanh", lambda x, w, b, v, c: F.linear(torch.tanh(F.linear(x, w, b)), v, c), inputs,
           note="Linear 2->4, tanh, Linear 4->1", order=2)
    g = f.generator("mlp/cross_entropy")
    data = {"x": normal(4, 3)(g), "target": integers(4, hi=3)(g)}
    p = {"0.weight": normal(5, 3)(g), "0.bias": normal(5)(g), "2.weight": normal(3, 5)(g), "2.bias": normal(3)(g)}
    loss_case(f, "mlp/cross_entropy", data, p, lambda d, p: {"loss": F.cross_entropy(
        F.linear(F.relu(F.linear(d["x"], p["0.weight"], p["0.bias"])), p["2.weight"], p["2.bias"]), d["target"])},
        "Linear 3->5, ReLU, Linear 5->3, mean cross entropy")
    inputs = {"x": normal(1, 1, 10), "w1": normal(2, 1, 3), "b1": normal(2), "w2": normal(2, 2, 3), "b2": normal(2)}

    def gram_loss(x, w1, b1, w2, b2):
        h = F.relu(F.conv1d(x, w1, b1, padding=1))
        k = F.relu(F.conv1d(h, w2, b2, stride=2, padding=1))
        return sum((t @ t.transpose(1, 2) / (t.shape[1] * t.shape[2])).square().mean() for t in (h, k))
    f.case("style/gram_loss", gram_loss, inputs, order=1,
           note="h = relu(conv1d(x, k3 p1)), k = relu(conv1d(h, k3 s2 p1)); sum over both of mean((t t^T / (C L))^2)")


def make():
    f = Family("models", "Whole networks in float64. Inputs with a dot are parameters, named as in a state_dict.")
    dcgan(f)
    penalties(f)
    training(f)
    small(f)
    return f
