using FlameEdge.Models;

namespace FlameEdge.Torch.Tests.Oracle;

/// <summary>A float tensor that a case begins with; its values depend on the case's name and the operand's place alone.</summary>
internal sealed record Operand(long[] Shape)
{
    /// <summary>False for a constant of the model.</summary>
    public bool IsTrained { get; init; } = true;

    /// <summary>Makes one value.</summary>
    public Func<PortableRandom, double> Draw { get; init; } = generator => generator.Normal();

    public long Length => Shape.Aggregate(1L, (product, size) => product * size);

    public static Operand X(params long[] shape) => new(shape);

    /// <summary>Values in [0.5, 2).</summary>
    public static Operand Positive(params long[] shape) => Between(0.5, 2, shape);

    public static Operand Between(double low, double high, params long[] shape) => new(shape) { Draw = generator => generator.Uniform(low, high) };

    /// <summary>Values at least 0.2 from zero, where kinks are.</summary>
    public static Operand Apart(params long[] shape) => new(shape)
    {
        Draw = generator => generator.Normal() is var value && value < 0 ? value - 0.2 : value + 0.2,
    };

    public static Operand Constant(params long[] shape) => new(shape) { IsTrained = false };

    public static Operand Given(params double[] values)
    {
        var next = 0;
        return new Operand([values.Length]) { IsTrained = false, Draw = _ => values[next++ % values.Length] };
    }

    public float[] Values(ulong seed, int place)
    {
        var generator = new PortableRandom(seed, (ulong)place);
        return [.. Enumerable.Range(0, (int)Length).Select(_ => (float)Draw(generator))];
    }
}
