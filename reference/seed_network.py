"""The seed network in PyTorch: four 3x3 convolutions, 18,800 parameters."""

import torch
import torch.nn.functional as F
from torch import nn


class SeedNetwork(nn.Module):
    """1 -> 10 -> 20 -> 30 -> 40 channels; each block is convolution, ReLU, batch norm, pool (blocks 2-4), dropout."""

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        self.conv1, self.batch_norm1 = nn.Conv2d(1, 10, 3, padding=1), nn.BatchNorm2d(10)
        self.conv2, self.batch_norm2 = nn.Conv2d(10, 20, 3, padding=1), nn.BatchNorm2d(20)
        self.conv3, self.batch_norm3 = nn.Conv2d(20, 30, 3, padding=1), nn.BatchNorm2d(30)
        self.conv4, self.batch_norm4 = nn.Conv2d(30, 40, 3, padding=1), nn.BatchNorm2d(40)
        self.linear = nn.Linear(40, 10)
        self.dropout = nn.Dropout(dropout)
        assert sum(parameter.numel() for parameter in self.parameters()) == 18_800

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Log-probabilities [N, 10] of normalised images [N, 1, 28, 28]."""
        x = self.dropout(self.batch_norm1(F.relu(self.conv1(images))))
        x = self.dropout(F.max_pool2d(self.batch_norm2(F.relu(self.conv2(x))), 2))
        x = self.dropout(F.max_pool2d(self.batch_norm3(F.relu(self.conv3(x))), 2))
        x = self.dropout(F.max_pool2d(self.batch_norm4(F.relu(self.conv4(x))), 2))
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return F.log_softmax(self.linear(x), dim=1)


def normalise(pixels: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Turns u8 pixels [N, 28, 28] into network input [N, 1, 28, 28]: (x / 255 - 0.1307) / 0.3081."""
    return ((pixels.to(dtype) / 255 - 0.1307) / 0.3081).unsqueeze(1)
