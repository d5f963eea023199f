using System.Numerics.Tensors;
using FlameEdge.Federated.Aggregation.Robust;

namespace FlameEdge.Federated.Privacy;

/// <summary>
/// Differentially private averaging: every update is clipped to norm S, the sum gains Gaussian noise of deviation z S per value, and is divided by the clients counted,
/// or by those expected. A client counts once, whatever its samples.
/// </summary>
/// <remarks>
/// All values of an update are clipped and noised together, buffers of the model too: a running statistic tells of the data like any other value. The server's noise
/// needs a trusted server; the clients' shares (<see cref="ClientDeviation"/>) need that nobody sees a single update, as under secure aggregation. Immutable.
/// </remarks>
/// <seealso href="https://arxiv.org/abs/1710.06963">McMahan et al. 2018, algorithm 1 with w_k = 1</seealso>
public sealed class DpFedAvg
{
    /// <param name="clip">S, above 0: longer updates are scaled down to it.</param>
    /// <param name="noiseMultiplier">z, at least 0; 0 clips only and gives no privacy.</param>
    public DpFedAvg(double clip, double noiseMultiplier)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clip);
        ArgumentOutOfRangeException.ThrowIfNegative(noiseMultiplier);
        (ClipNorm, NoiseMultiplier) = (clip, noiseMultiplier);
    }

    /// <summary>S.</summary>
    public double ClipNorm { get; }

    /// <summary>z.</summary>
    public double NoiseMultiplier { get; }

    /// <summary>Deviation of the noise on the sum: z S.</summary>
    public double SumDeviation => ClipNorm * NoiseMultiplier;

    /// <summary>Deviation of each client's share, where the noise of that many clients together shall be the server's: z S / √n.</summary>
    public double ClientDeviation(int clients)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clients);
        return SumDeviation / Math.Sqrt(clients);
    }

    /// <summary>Scales an update to norm S where it is longer, and returns its norm before.</summary>
    /// <exception cref="ArgumentException">A value is not finite: such an update has no norm to clip.</exception>
    public double Clip(Span<float> update)
    {
        if (!TensorPrimitives.IsFiniteAll<float>(update))
        {
            throw new ArgumentException("an update that is not finite cannot be clipped; refuse it", nameof(update));
        }

        return NormClipping.Clip(update, ClipNorm);
    }

    /// <summary>Makes the sum of clipped updates the private mean: adds the noise and divides.</summary>
    /// <param name="sum">Sum of the clipped updates; becomes the mean.</param>
    /// <param name="noise">Standard normals; a checkpoint keeps the drawn noise with the round, since drawing anew for the same round would spend twice.</param>
    /// <param name="divisor">The clients counted, or the q N expected, which does not depend on who came; above 0.</param>
    public void Finish(Span<float> sum, ReadOnlySpan<double> noise, double divisor)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(divisor);
        AddNoise(sum, noise, SumDeviation);
        for (var i = 0; i < sum.Length; i++)
        {
            sum[i] = (float)(sum[i] / divisor);
        }
    }

    /// <summary>Adds a deviation times standard normals: the server's to the sum, a client's to its clipped update.</summary>
    public static void AddNoise(Span<float> values, ReadOnlySpan<double> noise, double deviation)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(noise.Length, values.Length, nameof(noise));
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)(values[i] + (deviation * noise[i]));
        }
    }
}
