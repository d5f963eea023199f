using FlameEdge.Models;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Torch.Tests;

/// <summary>Opens this engine's trainers, by their own type.</summary>
internal static class Trainers
{
    public static TorchTrainer Open(ModelSpec model, Dataset data, TrainingSpec? training = null, TorchEngine? engine = null) =>
        (TorchTrainer)(engine ?? new TorchEngine()).Open(model, data, training);
}
