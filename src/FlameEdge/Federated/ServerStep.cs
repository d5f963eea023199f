using System.Numerics.Tensors;
using FlameEdge.Federated.Aggregation;
using FlameEdge.Federated.Aggregation.Robust;
using FlameEdge.Federated.Privacy;
using FlameEdge.Parameters;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>
/// From a round's updates to the next model, as the job says. Three buffers follow one another: the model, what travels with it, and what only the server carries from round to round;
/// a checkpoint is one blob of all three.
/// </summary>
internal sealed class ServerStep
{
    private readonly IServerOptimizer optimizer;
    private readonly RobustSpec? robust;
    private readonly UpdateGuard guard;
    private readonly ParameterLayout model;
    private readonly List<StateVector> own;
    private readonly bool isPlain;
    private readonly double? rate;
    private float[]? mean;

    /// <param name="job">The job.</param>
    /// <param name="model">Its model's tensors.</param>
    public ServerStep(JobSpec job, ParameterLayout model)
    {
        this.model = model;
        optimizer = Algorithms.Server(job.Optimizer, model);
        robust = job.Robust;
        guard = new(job.Privacy);
        rate = PrivacyBudget.SamplingRateOf(job);
        isPlain = robust is null && job.Privacy is null && job.Optimizer is { Kind: "fedavg" or OptimizerSpec.FedProx, Rate: null or 1 };
        Travel = TravelLayout.Of(job.Optimizer, model);

        // What is shared is in the travelling part already.
        own = [.. optimizer.State.Where(vector => !vector.Values.Span.Overlaps(optimizer.Shared.Span))];
        Kept = TravelLayout.Extended(Travel, own.Select(vector => ($"server/{vector.Name}", (IReadOnlyList<int>)[vector.Values.Length], ParameterKind.Buffer)));
    }

    /// <summary>The model and what travels with it.</summary>
    public ParameterLayout Travel { get; }

    /// <summary>The same and what a checkpoint keeps besides.</summary>
    public ParameterLayout Kept { get; }

    /// <summary>The fewest updates the next model can be made of.</summary>
    public int MinimumCount => MinimumAfter(0);

    /// <summary>The same where so many hostile updates were refused.</summary>
    public int MinimumAfter(int refused) => Algorithms.Robust(robust, refused)?.MinimumCount ?? 1;

    /// <summary>A buffer of asynchronous updates whose step is this optimizer's.</summary>
    public FedBuff Buffer(int goal, int? maxStaleness) => new(model, optimizer, goal, maxStaleness);

    /// <summary>What a checkpoint keeps: <paramref name="travel"/> itself where there is nothing more.</summary>
    public ParameterSet Keep(ParameterSet travel)
    {
        if (own.Count == 0)
        {
            return travel;
        }

        var kept = new ParameterSet(Kept);
        travel.Values.CopyTo(kept.Values);
        var offset = Travel.Length;
        foreach (var vector in own)
        {
            vector.Values.Span.CopyTo(kept.Values[offset..]);
            offset += vector.Values.Length;
        }

        return kept;
    }

    /// <summary>Goes on from a checkpoint; what travels of it.</summary>
    public ParameterSet Resume(ParameterSet kept)
    {
        if (!optimizer.Shared.IsEmpty)
        {
            kept.Values[model.Length..Travel.Length].CopyTo(Shared.Span);
        }

        if (own.Count == 0)
        {
            return kept;
        }

        var offset = Travel.Length;
        foreach (var vector in own)
        {
            kept.Values.Slice(offset, vector.Values.Length).CopyTo(vector.Values.Span);
            offset += vector.Values.Length;
        }

        return new ParameterSet(Travel, kept.Values[..Travel.Length].ToArray());
    }

    /// <summary>Writes the next model, and what travels with it, to <paramref name="next"/>.</summary>
    /// <param name="collected">At least <see cref="MinimumCount"/> updates.</param>
    /// <param name="updates">Where the updates themselves are, for a rule that must see each.</param>
    /// <param name="participation">Share of the job's clients that was counted.</param>
    /// <param name="travel">What the round started from.</param>
    /// <param name="next">Of the same layout; its former values do not matter.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task StepAsync(CollectedRound collected, UpdateRows updates, double participation, ParameterSet travel, ParameterSet next, CancellationToken cancellationToken)
    {
        if (isPlain)
        {
            collected.Sum!.AddMean(travel.Values, next.Values);
            return;
        }

        mean ??= new float[Travel.Length];
        if (rate is { } drawn)
        {
            Estimate(mean, collected, drawn * collected.Cohort.Count);
            Step(mean, participation, travel, next);
            return;
        }

        if (Algorithms.Robust(robust, collected.Hostile) is not { } rule)
        {
            collected.Sum!.Mean(mean);
        }
        else
        {
            await updates.AggregateAsync(rule, collected, Travel, mean, cancellationToken);
        }

        guard.Hide(mean, collected.Samples);
        Step(mean, participation, travel, next);
    }

    /// <summary>Writes the next model, and what travels with it, to <paramref name="next"/>, from a mean of the updates.</summary>
    public void Step(Memory<float> mean, double participation, ParameterSet travel, ParameterSet next)
    {
        travel.Values.CopyTo(next.Values);
        var (change, beside) = (mean[..model.Length], mean[model.Length..]);
        optimizer.Step(
            new RoundChange(change.Span)
            {
                MeanBeside = beside.Span,
                MeanSecond = beside.Length == model.Length ? beside.Span : default,
                MeanWork = beside.Length == 1 ? beside.Span[0] : 1,
                Participation = participation,
            },
            next.Values[..model.Length]);
        optimizer.Shared.Span.CopyTo(next.Values[model.Length..]);
    }

    // Divided by the clients expected, not by those drawn: how many these are would tell of each of them. Where nobody was drawn the noise alone is released. Another draw
    // in its place, or none, would show that it was empty, and would not be the draw whose privacy is counted.
    private void Estimate(Span<float> mean, CollectedRound collected, double expected)
    {
        if (collected.Counted.Count > 0)
        {
            collected.Sum!.Mean(mean);
            TensorPrimitives.Multiply(mean, (float)(collected.Counted.Count / expected), mean);
        }
        else
        {
            mean.Clear();
        }

        guard.Hide(mean, expected);
    }

    // Where the optimizer keeps what it shares.
    private Memory<float> Shared => optimizer.State.FirstOrDefault(vector => vector.Values.Span.Overlaps(optimizer.Shared.Span))?.Values ?? default;
}
