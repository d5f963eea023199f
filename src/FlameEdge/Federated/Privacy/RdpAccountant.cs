namespace FlameEdge.Federated.Privacy;

/// <summary>How much privacy rounds have spent: Rényi divergences of the sampled Gaussian add up over steps and are converted to (ε, δ) at the best order.</summary>
/// <remarks>
/// Each step includes every client with probability q by itself (Poisson sampling); neighbours differ by one client added or removed. The noise is a multiple σ of the
/// clipping norm, on the sum. Immutable and thread-safe.
/// </remarks>
/// <seealso href="https://arxiv.org/abs/1908.10530">Mironov, Talwar and Zhang 2019, section 3.3</seealso>
public sealed class RdpAccountant
{
    // Below, the integral of a sample takes millions of steps; without sampling ε is above 200 there, which protects nobody, and that bound holds for every sample too.
    private const double LeastSampledNoise = 0.05;
    private readonly double[] orders;
    private readonly double[] perStep;

    /// <param name="samplingRate">q, in [0, 1].</param>
    /// <param name="noiseMultiplier">σ, above 0.</param>
    /// <param name="orders">Orders α to try, above 1; null for <see cref="DefaultOrders"/>. More orders can only lower ε.</param>
    public RdpAccountant(double samplingRate, double noiseMultiplier, IReadOnlyList<double>? orders = null)
    {
        this.orders = [.. orders ?? DefaultOrders];
        ArgumentOutOfRangeException.ThrowIfZero(this.orders.Length, nameof(orders));
        perStep = [.. this.orders.Select(order => Divergence(samplingRate, noiseMultiplier, order))];
    }

    /// <summary>1.1 to 10.9 by tenths, 11 to 64 by ones, and some up to 1024.</summary>
    public static IReadOnlyList<double> DefaultOrders { get; } =
        [.. Enumerable.Range(11, 99).Select(tenths => tenths / 10.0), .. Enumerable.Range(11, 54).Select(order => (double)order), 80, 96, 128, 192, 256, 384, 512, 1024];

    /// <summary>The Rényi divergence of order α of one step: ln A / (α − 1); below a noise of 0.05 that of q = 1, which is not less.</summary>
    /// <exception cref="ArgumentOutOfRangeException">q is not in [0, 1], σ not above 0, or α not above 1.</exception>
    public static double Divergence(double samplingRate, double noiseMultiplier, double order)
    {
        if (samplingRate is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(samplingRate), samplingRate, "must be in [0, 1]");
        }

        if (!(noiseMultiplier > 0) || !double.IsFinite(noiseMultiplier))
        {
            throw new ArgumentOutOfRangeException(nameof(noiseMultiplier), noiseMultiplier, "must be above 0 and finite");
        }

        if (!(order > 1) || !double.IsFinite(order))
        {
            throw new ArgumentOutOfRangeException(nameof(order), order, "must be above 1 and finite");
        }

        return samplingRate switch
        {
            0 => 0,
            1 => Unsampled(),
            _ when noiseMultiplier < LeastSampledNoise => Unsampled(),
            _ => SampledGaussian.LogMoment(samplingRate, noiseMultiplier, order) / (order - 1),
        };

        double Unsampled() => order / (2 * noiseMultiplier * noiseMultiplier);
    }

    /// <summary>ε after that many steps at this δ, and the order that gives it.</summary>
    /// <param name="steps">At least 0.</param>
    /// <param name="delta">In (0, 1).</param>
    /// <param name="conversion">The improved one holds as well and is smaller.</param>
    public (double Epsilon, double Order) Epsilon(long steps, double delta, RdpConversion conversion = RdpConversion.Improved)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        if (delta is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(delta), delta, "must be in (0, 1)");
        }

        var best = (Epsilon: double.PositiveInfinity, Order: this.orders[0]);
        for (var i = 0; i < this.orders.Length; i++)
        {
            var (order, divergence) = (this.orders[i], steps * perStep[i]);
            var epsilon = conversion == RdpConversion.Classic
                ? divergence - (Math.Log(delta) / (order - 1))
                : divergence + Math.Log((order - 1) / order) - ((Math.Log(delta) + Math.Log(order)) / (order - 1));
            best = epsilon < best.Epsilon ? (epsilon, order) : best;
        }

        // Nothing was released: nothing is spent, whatever the conversion's slack.
        return steps == 0 ? (0, best.Order) : best with { Epsilon = Math.Max(0, best.Epsilon) };
    }

    /// <summary>The last step that fits the budget: after it training must stop. 0 where not even one fits.</summary>
    /// <param name="epsilon">The budget, at least 0.</param>
    /// <param name="delta">In (0, 1).</param>
    /// <param name="conversion">That of the budget.</param>
    public long LargestSteps(double epsilon, double delta, RdpConversion conversion = RdpConversion.Improved)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epsilon);
        var (fits, fails) = (0L, 1L);
        while (Epsilon(fails, delta, conversion).Epsilon <= epsilon)
        {
            if (fails >= long.MaxValue / 4)
            {
                return long.MaxValue; // no noise is ever spent, as with q = 0
            }

            (fits, fails) = (fails, fails * 2);
        }

        while (fails - fits > 1)
        {
            var middle = fits + ((fails - fits) / 2);
            (fits, fails) = Epsilon(middle, delta, conversion).Epsilon <= epsilon ? (middle, fails) : (fits, middle);
        }

        return fits;
    }
}
