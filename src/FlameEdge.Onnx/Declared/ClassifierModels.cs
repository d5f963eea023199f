using FlameEdge.Diagnostics;
using FlameEdge.Models.Declared;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Declared;

/// <summary>The models this engine opens: those a job declares by kind, and forward files.</summary>
internal static class ClassifierModels
{
    /// <summary>Builds the model, or reads it from its file.</summary>
    /// <exception cref="ModelMismatchException">There is no such model, or it cannot take such samples.</exception>
    public static ClassifierModel Of(ModelSpec spec, IReadOnlyList<int> sampleShape, int classCount)
    {
        if (classCount < 1 || sampleShape.Count == 0 || sampleShape.Any(size => size < 1))
        {
            throw new ModelMismatchException($"a model needs samples and classes, not [{string.Join(", ", sampleShape)}] and {classCount}");
        }

        return spec.Kind switch
        {
            _ when DeclaredModel.IsDeclared(spec) => LayerGraph.Of(DeclaredModel.Of(spec, sampleShape, classCount)),
            "onnx" => FileModel.Open(spec, sampleShape, classCount),
            "torch" => throw new ModelMismatchException($"the module '{spec.Module}' is a program of the torch runtime; set training.runtime to torch, or choose another model.kind"),
            _ => throw new ModelMismatchException($"there is no model of kind '{spec.Kind}': say softmax, mlp, lenet or onnx"),
        };
    }
}
