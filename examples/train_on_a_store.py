"""A network of your own on a data set of your own, in forty lines.

    deepfocus simulate examples/deep_field.toml --out field.zarr --number 200 --workers 2
    python examples/train_on_a_store.py field.zarr

Learns to predict the map of sources ('blobs') from the integrated dirty image: the task of Blobs
Finder, with a network of four layers. Needs pip install "deepfocus-alma[store,train]".
"""

import sys

import torch
import zarr
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Images(Dataset):
    """Integrated image, scaled to unit noise, and the map it should become, of finished rows."""

    def __init__(self, path: str) -> None:
        self.store = zarr.open_group(path, mode="r")
        self.rows = self.store["sha256"][:].any(axis=1).nonzero()[0]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        row = int(self.rows[i])
        image = torch.from_numpy(self.store["integrated"][row])[None]
        blobs = torch.from_numpy(self.store["blobs"][row])[None] / 255
        return image / (1.48 * (image - image.median()).abs().median()), blobs


def main(path: str, epochs: int = 5) -> float:
    """Train, and give the last epoch's mean loss."""
    torch.manual_seed(0)
    network = nn.Sequential(
        *(nn.Conv2d(1, 16, 5, padding=2), nn.ReLU()),
        *(nn.Conv2d(16, 16, 5, padding=2), nn.ReLU()),
        *(nn.Conv2d(16, 16, 5, padding=2), nn.ReLU()),
        nn.Conv2d(16, 1, 1),
    )
    batches = DataLoader(Images(path), batch_size=4, shuffle=True)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for epoch in range(epochs):
        losses = []
        for images, blobs in batches:
            loss = nn.functional.binary_cross_entropy_with_logits(network(images), blobs)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        mean = sum(losses) / len(losses)
        print(f"epoch {epoch + 1}: loss {mean:.4f}")
    return mean


if __name__ == "__main__":
    main(sys.argv[1])
