namespace FlameEdge.Onnx.Inspection;

/// <summary>What a forward ONNX file is and what training it would mean.</summary>
public sealed record ModelReport
{
    /// <summary>The file's name.</summary>
    public required string Name { get; init; }

    /// <summary>What wrote it, as it says itself; may be empty.</summary>
    public required string Producer { get; init; }

    /// <summary>Version of the operator set it was written for.</summary>
    public required long Opset { get; init; }

    /// <summary>What it takes.</summary>
    public required IReadOnlyList<ValueReport> Inputs { get; init; }

    /// <summary>What it gives.</summary>
    public required IReadOnlyList<ValueReport> Outputs { get; init; }

    /// <summary>Its nodes, in the order in which they run.</summary>
    public required IReadOnlyList<NodeReport> Nodes { get; init; }

    /// <summary>Values that are learned.</summary>
    public required long Trainable { get; init; }

    /// <summary>Values of running statistics, which training moves without a gradient.</summary>
    public required long Buffers { get; init; }

    /// <summary>Float values that stay as they are.</summary>
    public required long Constant { get; init; }

    /// <summary>Why it cannot be trained, every node in the way named; null where it can.</summary>
    public string? Obstacle { get; init; }
}

/// <summary>An input or output.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Type of its elements: <c>float</c>, <c>int64</c>…</param>
/// <param name="Shape">Its sizes, a name or <c>?</c> where one is open.</param>
public sealed record ValueReport(string Name, string Type, IReadOnlyList<string> Shape);

/// <summary>A node.</summary>
/// <param name="Name">Its name, or that of its first output where it has none.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Shape">Sizes of its first output, <c>?</c> where one is open; null where nothing is known.</param>
/// <param name="Tensors">The stored tensors that it is the first to use.</param>
/// <param name="Gradient">Whether a gradient passes.</param>
public sealed record NodeReport(string Name, string Operator, IReadOnlyList<string>? Shape, IReadOnlyList<TensorReport> Tensors, GradientSupport Gradient);

/// <summary>A stored tensor.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Use">What training makes of it.</param>
public sealed record TensorReport(string Name, IReadOnlyList<long> Shape, TensorUse Use);

/// <summary>What training makes of a stored tensor.</summary>
public enum TensorUse
{
    /// <summary>Nothing: it stays as it is.</summary>
    Constant,

    /// <summary>It is learned.</summary>
    Trained,

    /// <summary>Running statistics, moved by the forward pass.</summary>
    Buffer,
}

/// <summary>Whether a gradient passes a node.</summary>
public enum GradientSupport
{
    /// <summary>None is needed: the node is not between something to learn and the outputs.</summary>
    NotNeeded,

    /// <summary>There is a rule.</summary>
    Yes,

    /// <summary>The operator is flat or makes integers: the gradient ends there.</summary>
    Stops,

    /// <summary>There is no rule: the model cannot be trained as it is.</summary>
    Missing,
}
