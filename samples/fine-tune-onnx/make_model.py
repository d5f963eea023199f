"""Makes bearing-net.onnx with PyTorch: a residual network of somebody else's, trained on the windows of another plant.

    python3 make_model.py rows.csv bearing-net.onnx

rows.csv: a class and 20 standardized features per line. The file beside this one was made with torch 1.13 from 4 800 windows of a plant of
six machines (generator: sites 6, windows 800, skew 0, severity 1.5, seed 7; standardize: pooled).
"""
import csv
import sys

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x):
        return x + self.down(nn.functional.gelu(self.up(self.norm(x))))


class BearingNet(nn.Module):
    def __init__(self, features=20, width=16, classes=4):
        super().__init__()
        self.embed = nn.Linear(features, width)
        self.block1 = Block(width)
        self.block2 = Block(width)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        return self.head(self.block2(self.block1(self.embed(x))))


def main(rows, target):
    torch.manual_seed(1)
    with open(rows, encoding="utf-8") as file:
        table = torch.tensor([[float(field) for field in line] for line in csv.reader(file)])
    labels, features = table[:, 0].long(), table[:, 1:]
    net = BearingNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(12):
        for batch in torch.randperm(len(labels)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(features[batch]), labels[batch]).backward()
            optimizer.step()
    net.eval()
    with torch.no_grad():
        print("accuracy at home", (net(features).argmax(1) == labels).float().mean().item())
    torch.onnx.export(
        net, torch.zeros(1, features.shape[1]), target, opset_version=13,
        input_names=["features"], output_names=["logits"], dynamic_axes={"features": {0: "batch"}, "logits": {0: "batch"}})


if __name__ == "__main__":
    main(*sys.argv[1:])
