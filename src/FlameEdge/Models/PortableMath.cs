namespace FlameEdge.Models;

/// <summary>Sine, logarithm and exponential from IEEE additions, multiplications and divisions alone, hence equal on every platform.</summary>
/// <remarks>Those of the C library differ in the last bit between systems. Errors here are a few units in the last place, more than features of a sensor need.</remarks>
internal static class PortableMath
{
    private const double Ln2 = 0.693147180559945309417232121458;

    /// <summary>sin(2π turns).</summary>
    public static double SinTurns(double turns)
    {
        // To the nearest quarter: |x| ≤ π/4, where the series below are exact to 1e-17.
        var quarters = Math.Floor((turns * 4) + 0.5);
        var x = (turns - (quarters / 4)) * (2 * Math.PI);
        return ((long)quarters & 3) switch
        {
            0 => Sine(x),
            1 => Cosine(x),
            2 => -Sine(x),
            _ => -Cosine(x),
        };
    }

    /// <summary>cos(2π turns).</summary>
    public static double CosTurns(double turns) => SinTurns(turns + 0.25);

    /// <summary>Natural logarithm of a positive normal number.</summary>
    public static double Log(double value)
    {
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)(bits >> 52) - 1023;
        var mantissa = BitConverter.Int64BitsToDouble((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000);
        if (mantissa > 1.4142135623730951)
        {
            mantissa *= 0.5;
            exponent++;
        }

        // ln m = 2 artanh((m − 1)/(m + 1)), |argument| < 0.172: the term after the last is below 1e-17.
        var t = (mantissa - 1) / (mantissa + 1);
        var square = t * t;
        var sum = 0.0;
        for (var k = 21; k >= 1; k -= 2)
        {
            sum = (sum * square) + (1.0 / k);
        }

        return (exponent * Ln2) + (2 * t * sum);
    }

    /// <summary>Exponential; 0 below −700, held at its value for 700 above.</summary>
    public static double Exp(double value)
    {
        if (value < -700)
        {
            return 0;
        }

        var power = Math.Floor((Math.Min(value, 700) / Ln2) + 0.5);
        var x = Math.Min(value, 700) - (power * Ln2);
        var sum = 1.0;
        for (var k = 17; k >= 1; k--)
        {
            sum = 1 + (sum * x / k);
        }

        return sum * BitConverter.Int64BitsToDouble(((long)power + 1023) << 52);
    }

    private static double Sine(double x)
    {
        var square = x * x;
        var sum = 1.0;
        for (var k = 16; k >= 2; k -= 2)
        {
            sum = 1 - (sum * square / (k * (k + 1)));
        }

        return x * sum;
    }

    private static double Cosine(double x)
    {
        var square = x * x;
        var sum = 1.0;
        for (var k = 17; k >= 1; k -= 2)
        {
            sum = 1 - (sum * square / (k * (k + 1)));
        }

        return sum;
    }
}
