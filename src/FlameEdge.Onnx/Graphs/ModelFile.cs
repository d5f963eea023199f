using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;
using Google.Protobuf;

namespace FlameEdge.Onnx.Graphs;

/// <summary>Reads a model file with distrust: nothing is allocated for what it only claims, and no other file is opened.</summary>
internal static class ModelFile
{
    /// <summary>The first version of the operator set that is understood; before it operators were not broadcast by themselves.</summary>
    public const int OldestOpset = 7;

    /// <summary>The last version of the operator set that is understood.</summary>
    public const int NewestOpset = 21;

    // ScatterElements learned to add at 16: with everything older raised to 17 the gradient rules face one dialect less.
    private const int WorkingOpset = 17;

    /// <summary>Reads the file at <paramref name="path"/>.</summary>
    /// <exception cref="ModelMismatchException">There is no such file, or it is not a model that can be understood.</exception>
    public static ModelProto Read(string path)
    {
        var name = Path.GetFileName(path);
        try
        {
            return Parse(File.ReadAllBytes(path), name);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelMismatchException($"the model file '{path}' cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>The version of the operator set that the file at <paramref name="path"/> was written for; it was read before.</summary>
    public static long OpsetOf(string path) => Opset(ModelProto.Parser.ParseFrom(File.ReadAllBytes(path)))?.Version ?? 0;

    /// <summary>Reads a model from memory; <paramref name="where"/> is what messages call it.</summary>
    /// <exception cref="ModelMismatchException">The bytes are not a model that can be understood.</exception>
    public static ModelProto Parse(ReadOnlySpan<byte> bytes, string where)
    {
        var model = Decode(bytes, where);
        if (model.Graph is null || model.Graph.Node.Count == 0)
        {
            throw new ModelMismatchException($"{where}: there is no graph in it");
        }

        if (model.Functions.Count > 0 || model.Graph.SparseInitializer.Count > 0)
        {
            throw new ModelMismatchException($"{where}: local functions and sparse tensors are not supported; export without them");
        }

        if (model.Graph.Node.Count > SizeLimits.MaxNodes)
        {
            throw new ModelMismatchException($"{where}: {model.Graph.Node.Count} nodes are more than {SizeLimits.MaxNodes}");
        }

        foreach (var tensor in model.Graph.Initializer)
        {
            Tensors.Check(tensor, where);
        }

        foreach (var node in model.Graph.Node)
        {
            NodeChecks.Check(node, where);
        }

        RaiseOpset(model, where);
        model.Graph.ValueInfo.Clear();
        return model;
    }

    private static ModelProto Decode(ReadOnlySpan<byte> bytes, string where)
    {
        try
        {
            return ModelProto.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new ModelMismatchException($"{where}: this is not an ONNX file, or it is cut short ({exception.Message})", exception);
        }
    }

    private static void RaiseOpset(ModelProto model, string where)
    {
        var opset = Opset(model);
        if (opset is null || opset.Version is < OldestOpset or > NewestOpset)
        {
            throw new ModelMismatchException($"{where}: operator set {opset?.Version ?? 0} is not between {OldestOpset} and {NewestOpset}; export again with opset 17");
        }

        if (opset.Version < WorkingOpset)
        {
            OlderOpsets.Raise(model.Graph, opset.Version, where);
        }

        Decompositions.Apply(model.Graph, opset.Version);
        opset.Version = Math.Max(opset.Version, WorkingOpset);
        model.IrVersion = Math.Max(model.IrVersion, IrVersionOf(opset.Version));
    }

    private static OperatorSetIdProto? Opset(ModelProto model) => model.OpsetImport.FirstOrDefault(import => import.Domain is "" or "ai.onnx");

    // The versions that were released together; a runtime may refuse an operator set newer than the file's own version.
    private static long IrVersionOf(long opset) => opset switch
    {
        <= 18 => 8,
        <= 20 => 9,
        _ => 10,
    };
}
