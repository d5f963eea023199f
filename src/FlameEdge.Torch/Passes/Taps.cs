using FlameEdge.Models;
using FlameEdge.Torch.Modules;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Passes;

/// <summary>The places of a network that can be watched: what its innermost modules give.</summary>
internal static class Taps
{
    /// <summary>The tap points in the order a sample passes them.</summary>
    public static IReadOnlyList<TapPoint> PointsOf(Network network)
    {
        var points = new List<TapPoint>();
        var hooks = Candidates(network)
            .Select(pair => pair.Module.register_forward_hook((module, _, output) =>
            {
                points.Add(new TapPoint(pair.Name, module.GetName(), [.. output.shape.Skip(1).Select(size => checked((int)size))]));
                return output;
            }))
            .ToList();

        using var _ = no_grad();
        using var scope = NewDisposeScope();
        network.Module.eval();
        network.Module.call(zeros(network.BatchShape(1)));
        hooks.ForEach(hook => hook.remove());
        return [.. points.DistinctBy(point => point.Name)];
    }

    /// <summary>The modules behind the tap points of those names, in their order.</summary>
    /// <exception cref="ArgumentException">There is no such tap point.</exception>
    public static IReadOnlyList<nn.Module<Tensor, Tensor>> Find(Network network, IReadOnlyList<string> names)
    {
        var candidates = Candidates(network).ToDictionary(pair => pair.Name, pair => pair.Module, StringComparer.Ordinal);
        return
        [
            .. names.Select(name => candidates.GetValueOrDefault(name)
                ?? throw new ArgumentException($"the model has no tap point '{name}'; it has {string.Join(", ", candidates.Keys)}", nameof(names))),
        ];
    }

    private static IEnumerable<(string Name, nn.Module<Tensor, Tensor> Module)> Candidates(Network network) =>
        network.Module.named_modules()
            .Where(pair => pair.module is nn.Module<Tensor, Tensor> && !pair.module.children().Any())
            .Select(pair => (pair.name, (nn.Module<Tensor, Tensor>)pair.module));
}
