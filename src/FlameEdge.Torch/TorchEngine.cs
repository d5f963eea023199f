using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Models.Declared;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;
using FlameEdge.Torch.Modules;
using FlameEdge.Torch.Native;
using static TorchSharp.torch;

namespace FlameEdge.Torch;

/// <summary>Trains with TorchSharp on the CPU: the declared models, with the same tensors as every other engine, and modules that a program brings along.</summary>
/// <remarks>Thread-safe once all modules are added; the trainers it opens are not.</remarks>
public sealed class TorchEngine : IEngine
{
    private readonly Dictionary<string, ModuleFactory> _modules = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "torch";

    /// <inheritdoc/>
    public string Version => typeof(TorchSharp.torch).Assembly.GetName().Version!.ToString(3); // Every signed package has one.

    /// <summary>Offers a module of the program's own to jobs that say <c>model: { kind: torch, module: NAME }</c>.</summary>
    /// <param name="name">What jobs call it.</param>
    /// <param name="create">Makes it anew: for samples [N, …shape] it returns logits [N, classes]; all its draws come from torch's generator.</param>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    public TorchEngine AddModule(string name, ModuleFactory create)
    {
        _modules.Add(name, create);
        return this;
    }

    /// <inheritdoc/>
    public ITrainer Open(ModelSpec model, IReadOnlyList<int> sampleShape, int classCount, TrainingSpec training)
    {
        TorchRuntime.Start();
        return new TorchTrainer(NetworkOf(model, sampleShape, classCount), training);
    }

    private Network NetworkOf(ModelSpec model, IReadOnlyList<int> sampleShape, int classCount) => model.Kind switch
    {
        _ when DeclaredModel.IsDeclared(model) => DeclaredNetwork.Of(DeclaredModel.Of(model, sampleShape, classCount)),
        "torch" => ModuleNetwork.Of(model, FactoryOf(model.Module), sampleShape, classCount),
        "onnx" => throw new ModelMismatchException("a model of kind 'onnx' is a file for the onnx runtime: say runtime: onnx, or declare the model as softmax, mlp, lenet or torch"),
        _ => throw new ModelMismatchException($"there is no model of kind '{model.Kind}': the torch runtime takes softmax, mlp, lenet and torch"),
    };

    private ModuleFactory FactoryOf(string? name)
    {
        if (name is not null && _modules.TryGetValue(name, out var create))
        {
            return create;
        }

        var known = _modules.Count == 0
            ? "this program brings none (TorchEngine.AddModule)"
            : NearestName.Of(name ?? "", _modules.Keys) is { } nearest
                ? $"did you mean '{nearest}'?"
                : $"this program brings {string.Join(", ", _modules.Keys.Order(StringComparer.Ordinal))}";
        throw new ModelMismatchException(name is null ? $"a model of kind 'torch' names its module; {known}" : $"there is no module '{name}'; {known}");
    }
}

/// <summary>Makes a module anew for samples of <paramref name="sampleShape"/> and <paramref name="classCount"/> logits.</summary>
public delegate nn.Module<Tensor, Tensor> ModuleFactory(IReadOnlyList<int> sampleShape, int classCount);
