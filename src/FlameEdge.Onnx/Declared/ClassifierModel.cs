using FlameEdge.Onnx.Graphs;
using FlameEdge.Parameters;

namespace FlameEdge.Onnx.Declared;

/// <summary>A forward model that turns samples into one logit per class.</summary>
/// <param name="Graph">The model; axis 0 of its input and of its logits is open.</param>
/// <param name="Input">Name of the samples, [N, …<paramref name="SampleShape"/>].</param>
/// <param name="SampleShape">Dimensions of one sample as the model wants them.</param>
/// <param name="Logits">Name of the logits, [N, classes].</param>
/// <param name="Trainables">The tensors to learn, in the order of their first use.</param>
/// <param name="Start">Writes the first parameters.</param>
internal sealed record ClassifierModel(
    ForwardGraph Graph,
    string Input,
    IReadOnlyList<int> SampleShape,
    string Logits,
    IReadOnlyList<string> Trainables,
    FirstParameters Start);

/// <summary>Writes a model's first parameters, in the order of <paramref name="layout"/>.</summary>
internal delegate void FirstParameters(ulong seed, ParameterLayout layout, Span<float> parameters);
