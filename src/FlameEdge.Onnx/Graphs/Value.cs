namespace FlameEdge.Onnx.Graphs;

/// <summary>A value of a graph under construction; arithmetic on it appends the node that computes it, so a rule reads like its formula.</summary>
/// <remarks>The default value stands for an optional input that is left out.</remarks>
internal readonly record struct Value(GraphWriter Graph, string Name)
{
    public static Value operator +(Value left, Value right) => left.Graph.Op("Add", left, right);

    public static Value operator -(Value left, Value right) => left.Graph.Op("Sub", left, right);

    public static Value operator *(Value left, Value right) => left.Graph.Op("Mul", left, right);

    public static Value operator /(Value left, Value right) => left.Graph.Op("Div", left, right);

    public static Value operator -(Value value) => value.Graph.Op("Neg", value);

    public static Value operator *(float left, Value right) => left == 1f ? right : right.Graph.Scalar(left) * right;

    public static Value operator -(float left, Value right) => right.Graph.Scalar(left) - right;

    public static Value operator +(Value left, float right) => left + left.Graph.Scalar(right);

    public static Value operator -(Value left, float right) => left - left.Graph.Scalar(right);

    public Value Exp() => Graph.Op("Exp", this);

    public Value Log() => Graph.Op("Log", this);

    public Value Sqrt() => Graph.Op("Sqrt", this);

    /// <summary>The sum of all elements, a scalar.</summary>
    public Value Total() => Graph.Op("ReduceSum", [this], Attributes.Of("keepdims", 0));

    /// <summary>True where the value is larger.</summary>
    public Value Above(float limit) => Graph.Op("Greater", this, Graph.Scalar(limit));

    /// <summary>True where the value is smaller.</summary>
    public Value Below(float limit) => Graph.Op("Less", this, Graph.Scalar(limit));

    /// <summary>Of a truth value: <paramref name="then"/> where it holds, <paramref name="otherwise"/> elsewhere.</summary>
    public Value Choose(Value then, Value otherwise) => Graph.Op("Where", this, then, otherwise);

    /// <summary>Of a truth value: <paramref name="then"/> where it holds, 0 elsewhere.</summary>
    public Value Choose(Value then) => Choose(then, Graph.Scalar(0));

    /// <summary>The value as a number of the present precision.</summary>
    public Value ToFloat() => Graph.Op("Cast", [this], Attributes.Of("to", (long)Graph.Precision));

    /// <summary>The sizes of the value at run time, int64 [rank].</summary>
    public Value Shape() => Graph.Op("Shape", this);

    /// <summary>One size of the value at run time, int64 [1].</summary>
    public Value Size(long axis) => Graph.Op("Shape", [this], Attributes.Of("start", axis), Attributes.Of("end", axis + 1));

    public Value Reshape(Value shape) => Graph.Op("Reshape", this, shape);

    public Value Reshape(params long[] shape) => Reshape(Graph.Integers(shape));

    public Value Transpose(params long[] order) => Graph.Op("Transpose", [this], Attributes.Of("perm", order));

    public Value Sum(long[] axes, bool keep) => Graph.Op("ReduceSum", [this, Graph.Integers(axes)], Attributes.Of("keepdims", keep ? 1L : 0L));

    public Value Expand(Value shape) => Graph.Op("Expand", this, shape);

    public Value Unsqueeze(params long[] axes) => Graph.Op("Unsqueeze", this, Graph.Integers(axes));
}
