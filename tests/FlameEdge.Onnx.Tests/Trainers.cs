using FlameEdge.Models;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests;

/// <summary>Opens this engine's trainers, by their own type.</summary>
internal static class Trainers
{
    public static OnnxTrainer Open(ModelSpec model, Dataset data, TrainingSpec? training = null) =>
        (OnnxTrainer)new OnnxEngine().Open(model, data, training);
}
