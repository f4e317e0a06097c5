"""Dice and cross-entropy together: one for the overlap of small areas, one for steady gradients."""

import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from trainer.ignore import IGNORE


def segmentation_loss(logits: Tensor, mask: Tensor, *, pos_weight: float) -> Tensor:
    """Return the sum of soft Dice loss over the batch and weighted binary cross-entropy.

    Args:
        logits: (N, H, W).
        mask: (N, H, W) float, 0 or 1, or IGNORE for a pixel that counts in neither.
        pos_weight: how much more a missed defect pixel costs than a false one; see `weight_offset`.
    """
    weight = torch.tensor(pos_weight, dtype=logits.dtype, device=logits.device)
    judged = (mask != IGNORE).float()
    defect = mask * judged
    entropy = binary_cross_entropy_with_logits(logits, defect, weight=judged, pos_weight=weight, reduction="sum")
    return entropy / judged.sum().clamp(min=1) + dice_loss(logits, defect, judged)


def weight_offset(pos_weight: float) -> float:
    """Return what to add to the logits so that they are as if both mistakes had cost the same.

    A network that learns with `pos_weight` answers with odds that many times too high: what is worth 0.9 becomes
    0.997, and whole 255ths no longer tell likely from certain.
    """
    return -math.log(pos_weight)


def dice_loss(logits: Tensor, mask: Tensor, judged: Tensor | None = None) -> Tensor:
    """Return 1 - Dice of the whole batch, 0..1; 0 where neither prediction nor truth has a defect.

    Args:
        logits: (N, H, W).
        mask: (N, H, W) float, 0 or 1.
        judged: (N, H, W) float, 1 where a pixel counts; None for everywhere.
    """
    probability = torch.sigmoid(logits) if judged is None else torch.sigmoid(logits) * judged
    shared = (probability * mask).sum()
    return 1 - (2 * shared + 1) / (probability.sum() + mask.sum() + 1)
