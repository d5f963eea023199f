namespace FlameEdge.Federated.Privacy;

/// <summary>The moment A = E over z ~ N(0, σ²) of (1 − q + q e^((2z − 1) / (2σ²)))^α, for any order α above 1.</summary>
/// <remarks>
/// By the trapezoidal rule, one method for whole and fractional orders: for a smooth integrand that fades at both ends its error falls exponentially with the step.
/// What is summed is A − 1 = E[(1 + x)^α − 1 − αx], x = q (e^w − 1), E[x] = 0: every term is at least 0, so small divergences keep their digits.
/// </remarks>
/// <seealso href="https://arxiv.org/abs/1908.10530">Mironov, Talwar and Zhang 2019, section 3.3, definition of A_α</seealso>
internal static class SampledGaussian
{
    // e^(−13²/2) is 2e-37 of the peak.
    private const double Tails = 13;

    /// <summary>ln A.</summary>
    public static double LogMoment(double q, double sigma, double order)
    {
        // The integrand's nearest singularities lie πσ² off the real line, and its Gaussians are σ wide: with this step the rule's error is below 1e-16.
        var step = Math.Min(sigma / 6, sigma * sigma / 2.2);
        var (from, to) = (-Tails * sigma, order + (Tails * sigma));
        var count = (int)Math.Ceiling((to - from) / step);
        var (largest, sum) = (double.NegativeInfinity, 0.0);
        for (var i = 0; i <= count; i++)
        {
            var z = from + (i * step);
            var log = LogTerm(q, ((2 * z) - 1) / (2 * sigma * sigma), order) - (z * z / (2 * sigma * sigma));
            if (log > largest)
            {
                (sum, largest) = ((sum * Math.Exp(largest - log)) + 1, log);
            }
            else if (log > double.NegativeInfinity)
            {
                sum += Math.Exp(log - largest);
            }
        }

        var logExcess = largest + Math.Log(sum) + Math.Log(step / (sigma * Math.Sqrt(2 * Math.PI)));
        return logExcess > 30 ? logExcess + Math.Exp(-logExcess) : LogOnePlus(Math.Exp(logExcess));
    }

    /// <summary>ln((1 + x)^α − 1 − αx) for x = q (e^w − 1).</summary>
    private static double LogTerm(double q, double w, double order)
    {
        var x = q * ExpMinusOne(w);
        if (Math.Abs(order * x) < 0.05)
        {
            return Math.Log(Series(x, order));
        }

        // ln(1 + x), also where e^w overflows.
        var power = order * (w > 500 ? Math.Log(q) + w : LogOnePlus(x));
        if (power < 30)
        {
            return Math.Log(ExpMinusOne(power) - (order * x));
        }

        // 1 + αx as a share of (1 + x)^α, in logarithms.
        var share = Math.Exp((w > 500 ? Math.Log(order) + Math.Log(q) + w : LogOnePlus(order * x)) - power);
        return power + LogOnePlus(-share);
    }

    // Σ C(α, k) x^k from k = 2, until terms no longer count.
    private static double Series(double x, double order)
    {
        var (term, sum) = (order * x, 0.0);
        for (var k = 2; k < 60; k++)
        {
            term *= (order - k + 1) / k * x;
            sum += term;
            if (Math.Abs(term) <= 1e-18 * Math.Abs(sum))
            {
                break;
            }
        }

        return sum;
    }

    // The usual cures of cancellation near 0: Kahan's for the logarithm, and e^x − 1 = tanh(x/2) (e^x + 1) for the exponential.
    private static double LogOnePlus(double x)
    {
        var one = 1 + x;
        return one == 1 ? x : Math.Abs(x) > 0.5 ? Math.Log(one) : Math.Log(one) * x / (one - 1);
    }

    private static double ExpMinusOne(double x) => Math.Abs(x) > 1 ? Math.Exp(x) - 1 : Math.Tanh(x / 2) * (Math.Exp(x) + 1);
}
