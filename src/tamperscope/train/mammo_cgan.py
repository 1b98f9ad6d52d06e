"""Training of Mammo-CGAN: CGAN1, then CGAN2 on what CGAN1 makes (report, section 2.1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from tamperscope.benchmark.cesm import DATA_STATEMENT, Case
from tamperscope.benchmark.mass_squares import augment_square, cut_mass_squares
from tamperscope.forge.harmonic import fill_harmonic
from tamperscope.networks.mammo_cgan import HOLE, Discriminator, Generator, condition_of, ring_of
from tamperscope.train.checkpoint import RandomState, keep, resume
from tamperscope.train.config import CganRecipe, MammoCganRecipe
from tamperscope.train.curves import Curves
from tamperscope.train.export import export_network

SCALE = 1100.0
"""Stage 2: reference intensity is divided by this."""

COLUMNS = ("step", "discriminator_loss", "adversarial_loss", "l1", "discriminator_accuracy", "discriminator_rested")
"""Of the CSV of losses; the last is the share of the steps since the last row in which the discriminator rested."""
_CHECKPOINT_EVERY = 200
_ACCURACY_MEMORY = 0.95


def train_mammo_cgan(recipe: MammoCganRecipe, cases: Sequence[Case], *, out: Path) -> tuple[Generator, Generator]:
    """Train both generators on the masses of the given images.

    Writes ``OUT/cgan1.pt`` and ``OUT/cgan2.pt`` (checkpoints; a run that was stopped goes on from them) and a
    CSV of the losses beside each.

    Args:
        recipe: networks, losses, schedule.
        cases: images of the training patients.
        out: where checkpoints go.

    Returns:
        The generators of CGAN1 and CGAN2, in evaluation mode.
    """
    out.mkdir(parents=True, exist_ok=True)
    masses = cut_mass_squares(cases, context=recipe.context, seed=recipe.seed)
    masses = masses[_lifts(masses) >= recipe.least_lift]
    rng = np.random.default_rng(recipe.seed)
    copies = -(-recipe.augmented_squares // len(masses))
    augmented = np.stack([augment_square(square, rng) for square in masses for _ in range(copies)])
    squares = torch.from_numpy(augmented[:, None] / SCALE)
    print(f"{len(masses)} masses of the training patients, augmented to {len(squares)} squares")

    first = train_cgan(recipe.cgan1, squares, None, batch=recipe.batch, seed=recipe.seed, out=out / "cgan1")
    second = train_cgan(recipe.cgan2, squares, first, batch=recipe.batch, seed=recipe.seed + 1, out=out / "cgan2")
    return first, second


def first_condition(generator: Generator, real: torch.Tensor) -> torch.Tensor:
    """What CGAN1's U-Net is given in training: frames or, of a generator with a latent map, blurred tumours.

    The tumours of the batch's first half are the squares' own, so that there is an original to come near to; those of
    the second half are drawn.
    """
    if generator.start is None:
        return condition_of(real)
    half = len(real) // 2
    drawn = condition_of(real[half:])
    drawn[..., HOLE, HOLE] = torch.randn_like(drawn[..., HOLE, HOLE])
    return torch.cat([generator.start.blur(real[:half]), generator.start(drawn)])


def membrane_response() -> torch.Tensor:
    """What the membrane through the middle answers to each pixel of the ring around it: 176 x 1936."""
    hole = np.zeros((64, 64), np.bool_)
    hole[HOLE, HOLE] = True
    ring = torch.arange(64 * 64).reshape(1, 1, 64, 64)
    answers = []
    for place in ring_of(ring)[0].tolist():
        impulse = np.zeros(64 * 64)
        impulse[place] = 1
        answers.append(fill_harmonic(impulse.reshape(64, 64), hole)[HOLE, HOLE].ravel())
    return torch.from_numpy(np.stack(answers)).float()


def train_cgan(
    recipe: CganRecipe, squares: torch.Tensor, before: Generator | None, *, batch: int, seed: int, out: Path
) -> Generator:
    """Adversarial training of one generator.

    The labels are +1 (real) and -1 (generated) and both losses mean squared errors; the generator's also has the
    L1 distance to the original. The discriminator rests for some batches once it is right too often. Where tumours are
    drawn from a latent map the second half of each batch has no original: L1 counts on the first half alone, and the
    discriminator is shown frames only.

    Args:
        recipe: networks, losses, schedule, precision.
        squares: N x 1 x 64 x 64, scaled.
        before: CGAN1, to train CGAN2 on what it makes; None to train CGAN1.
        batch: squares a step.
        seed: of initialisation, order and noise.
        out: prefix of the checkpoint and of the CSV of losses.
    """
    torch.manual_seed(seed)
    # Channels last is a sixth faster on CPUs for these small maps.
    generator = Generator(**recipe.generator.model_dump())
    discriminator = Discriminator(**recipe.discriminator.model_dump())
    for network in (generator, discriminator):
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # PyTorch's stubs lack it
    if generator.start is not None:
        generator.start.fit(membrane_response(), squares)
    source = before or generator
    latent = source.start is not None
    generator_step = torch.optim.Adam(generator.parameters(), recipe.generator_rate, betas=(0.5, 0.999))
    discriminator_step = torch.optim.Adam(discriminator.parameters(), recipe.discriminator_rate, betas=(0.5, 0.999))
    rest = _Rest(recipe.pause_accuracy, recipe.pause_batches)
    parts = (generator, discriminator, generator_step, discriminator_step, rest, RandomState())
    checkpoint = out.with_suffix(".pt")
    start = resume(checkpoint, parts)

    mixed = torch.autocast("cpu", torch.bfloat16, enabled=recipe.precision == "bfloat16")
    with Curves(out.parent, out.name, COLUMNS, start=start) as curves:
        for step in tqdm(range(start, recipe.steps), desc=out.name, initial=start, total=recipe.steps, mininterval=5):
            noise = recipe.condition_noise * (1 - 0.9 * step / recipe.steps)
            order = torch.Generator().manual_seed(seed * 1_000_003 + step)
            real = squares[torch.randint(len(squares), (batch,), generator=order)]
            with torch.no_grad(), mixed:
                condition = first_condition(source, real)
                if before is not None:
                    condition = before.refine(condition).float()
                    condition[..., HOLE, HOLE] += noise * torch.randn_like(condition[..., HOLE, HOLE])
            with mixed:
                made = generator.refine(condition).float()
            shown = condition_of(real) if latent else condition

            with mixed:
                told_real, told_made = (discriminator(one, shown).float() for one in (real, made.detach()))
            discriminator_loss = ((told_real - 1) ** 2).mean() + ((told_made + 1) ** 2).mean()
            right = 0.5 * ((told_real > 0).float().mean() + (told_made < 0).float().mean())
            if rest.learns(float(right)):
                discriminator_step.zero_grad()
                discriminator_loss.backward()
                discriminator_step.step()

            with mixed:
                told = discriminator(made, shown).float()
            adversarial_loss = ((told - 1) ** 2).mean()
            known = len(real) // 2 if latent else len(real)
            l1 = (made - real)[:known].abs().mean()
            total = recipe.adversarial_weight * adversarial_loss + recipe.l1_weight * l1
            if recipe.feature_weight > 0:
                total = total + recipe.feature_weight * _feature_distance(discriminator, real, made, shown)
            generator_step.zero_grad()
            total.backward()
            generator_step.step()

            ends = step + 1 == recipe.steps
            if (step + 1) % recipe.log_every == 0 or ends:
                losses = (discriminator_loss, adversarial_loss, l1)
                share = rest.rested / ((step % recipe.log_every) + 1)
                curves.add(step + 1, *(loss.item() for loss in losses), rest.accuracy, share)
                rest.rested = 0
            if (step + 1) % _CHECKPOINT_EVERY == 0 or ends:
                keep(checkpoint, parts, step + 1)
    return generator.eval()


@dataclass
class _Rest:
    """When the discriminator rests (report, section 2.1.2): for some batches, once it is right too often.

    Attributes:
        limit: accuracy, as a running mean, above which it rests.
        batches: for how many.
        accuracy: so far.
        resting: batches still to rest.
        rested: batches rested since this was last set to 0.
    """

    limit: float
    batches: int
    accuracy: float = 0.5
    resting: int = 0
    rested: int = 0

    def learns(self, right: float) -> bool:
        """Whether it learns from a batch on which it was right in so many cases."""
        self.accuracy = _ACCURACY_MEMORY * self.accuracy + (1 - _ACCURACY_MEMORY) * right
        if self.resting > 0:
            self.resting, self.rested = self.resting - 1, self.rested + 1
            return False
        if self.accuracy > self.limit:
            # This batch is the first of them.
            self.resting, self.accuracy = self.batches - 1, 0.5
            self.rested += 1
            return False
        return True

    def state_dict(self) -> dict[str, float]:
        """What a checkpoint keeps."""
        return {"accuracy": self.accuracy, "resting": self.resting, "rested": self.rested}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Go on from a checkpoint."""
        self.accuracy = state["accuracy"]
        self.resting, self.rested = int(state["resting"]), int(state["rested"])


def _lifts(masses: np.ndarray) -> np.ndarray:
    """How much the middle of each square is brighter than the membrane through it: N, reference intensity."""
    margin = (masses.shape[-1] - 64) // 2
    squares = torch.from_numpy(masses[:, None, margin : margin + 64, margin : margin + 64])
    side = HOLE.stop - HOLE.start
    lifted = squares[:, 0, HOLE, HOLE] - (ring_of(squares) @ membrane_response()).reshape(-1, side, side)
    return lifted[:, side // 4 : -side // 4, side // 4 : -side // 4].mean((1, 2)).numpy()


def _feature_distance(
    discriminator: Discriminator, real: torch.Tensor, made: torch.Tensor, shown: torch.Tensor
) -> torch.Tensor:
    """Between the batch means of the discriminator's maps (feature matching: Salimans et al. 2016)."""
    with torch.no_grad():
        wanted = [maps.mean(0) for maps in discriminator.features(real, shown)]
    got = [maps.mean(0) for maps in discriminator.features(made, shown)]
    return torch.stack([(one - other).abs().mean() for one, other in zip(got, wanted, strict=True)]).sum()


def export_mammo_cgan(recipe: MammoCganRecipe, first: Generator, second: Generator, folder: Path) -> None:
    """Write ``mammo-cgan-1.onnx`` and ``mammo-cgan-2.onnx`` with their cards."""
    example = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    given = "; its condition"
    if first.start is not None:
        given += " (CGAN1: the middle 44 x 44 holds a latent map of standard normal numbers, or zeros)"
    for number, (generator, strength) in enumerate(
        ((first, recipe.cgan1.shipped_strength), (second, recipe.cgan2.shipped_strength)), start=1
    ):
        generator.soften(strength)
        card = {
            "task": f"CGAN{number} of Mammo-CGAN (report, section 2.1): forges tumours into mammograms, for research",
            "input": "N x 1 x 64 x 64, reference intensity / 1100" + given,
            "output": "N x 1 x 64 x 64",
            "latent": generator.start is not None,
            "data": DATA_STATEMENT + " Only images of the training patients that are tagged 'mass'.",
            "licence": "Apache-2.0 (weights); the images that they were trained on are CC BY 4.0",
            "recipe": recipe.model_dump(mode="json"),
            "seed": recipe.seed,
        }
        export_network(generator, example, folder / f"mammo-cgan-{number}.onnx", free_axes=(0,), card=card)
