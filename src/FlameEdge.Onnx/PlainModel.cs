using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Graphs;
using Google.Protobuf;

namespace FlameEdge.Onnx;

/// <summary>A forward model as any ONNX runtime serves it.</summary>
public static class PlainModel
{
    /// <summary>The bytes of the file at <paramref name="path"/> in evaluation form: nothing is dropped out, normalizations use their stored statistics.</summary>
    /// <exception cref="ModelMismatchException">There is no such file, or it is not a model that can be understood.</exception>
    public static byte[] Of(string path) => EvaluationForm.Of(new ForwardGraph(ModelFile.Read(path), Path.GetFileName(path))).Model.ToByteArray();
}
