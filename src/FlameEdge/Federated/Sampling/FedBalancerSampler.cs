using FlameEdge.Models;

namespace FlameEdge.Federated.Sampling;

/// <summary>The client's side of FedBalancer: the samples it trains on this round, mostly those the model finds hard, as many as fit the deadline.</summary>
/// <seealso href="https://arxiv.org/abs/2201.01601">Shin et al. 2022, algorithm 1</seealso>
public static class FedBalancerSampler
{
    /// <summary>How many samples a client trains before its deadline, all epochs.</summary>
    /// <param name="deadline">From now.</param>
    /// <param name="transfer">Of it, for what is on its way.</param>
    /// <param name="secondsPerSample">Of one sample in one epoch; above 0, often less than a <see cref="TimeSpan"/> can tell.</param>
    /// <param name="epochs">At least 1.</param>
    public static int Trainable(TimeSpan deadline, TimeSpan transfer, double secondsPerSample, int epochs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(secondsPerSample);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epochs);
        return deadline <= transfer ? 0 : (int)Math.Min(int.MaxValue, (deadline - transfer).TotalSeconds / (secondsPerSample * epochs));
    }

    /// <summary>
    /// Indices of the chosen samples, ascending. All of them where all are trainable; else L = max(trainable, samples at or above the threshold), a share p of L drawn
    /// from those at or above it (at most all of them), the rest from those below; the drawn ones differ with the generator.
    /// </summary>
    /// <param name="losses">The last known loss of each sample.</param>
    /// <param name="threshold">The server's.</param>
    /// <param name="trainable">How many can be trained before the deadline.</param>
    /// <param name="hardShare">p, in [0, 1].</param>
    /// <param name="random">Seeded by job, worker and round.</param>
    public static int[] Choose(ReadOnlySpan<float> losses, double threshold, int trainable, double hardShare, PortableRandom random)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(trainable);
        if (hardShare is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(hardShare), hardShare, "must be in [0, 1]");
        }

        if (trainable >= losses.Length)
        {
            return [.. Enumerable.Range(0, losses.Length)];
        }

        var (hard, easy) = (new List<int>(), new List<int>());
        for (var i = 0; i < losses.Length; i++)
        {
            (losses[i] >= threshold ? hard : easy).Add(i);
        }

        var length = Math.Max(trainable, hard.Count);
        var fromHard = Math.Min((int)Math.Round(length * hardShare), hard.Count);

        // Easy samples may be too few for their share; hard ones then take their place.
        fromHard = Math.Max(fromHard, length - easy.Count);
        return [.. Draw(hard, fromHard, random).Concat(Draw(easy, length - fromHard, random)).Order()];
    }

    private static IEnumerable<int> Draw(List<int> samples, int count, PortableRandom random)
    {
        int[] order = [.. samples];
        random.Shuffle(order);
        return order.Take(count);
    }
}
