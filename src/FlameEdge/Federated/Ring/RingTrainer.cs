using FlameEdge.Diagnostics;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Ring;

/// <summary>
/// A trainer of a job without a server: it learns from its own data, sums changes with its equals around a ring, and makes the next model of the mean by itself, as all others do to the same bits.
/// Steps: <c>initialize &gt;&gt; join &gt;&gt; (round)* &gt;&gt; finish</c>. The lowest member present scores the model and tells of rounds.
/// </summary>
/// <seealso href="https://doi.org/10.1016/j.jpdc.2008.09.002">Patarasuk and Yuan 2009, bandwidth optimal all-reduce</seealso>
public sealed class RingTrainer(RoleContext context) : IRole
{
    private RingLearner? learner;
    private RingCircle? circle;

    /// <inheritdoc/>
    public Step Compose() =>
        new Tasklet("initialize", InitializeAsync)
        >> new Tasklet("join", token => circle!.JoinAsync(learner!.Samples, token))
        >> Loop.Until(() => learner?.CanTrain == false || circle?.End is not null, new Tasklet("round", token => RoundAsync(token)))
        >> new Tasklet("finish", token => circle!.FinishAsync(() => learner!.Tell(null), token));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (circle is not null)
        {
            await circle.DisposeAsync();
        }

        learner?.Dispose();
    }

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        if (context.Replay is not null)
        {
            throw new TopologyException("a job without an aggregator cannot be replayed: its sums are rounded in the order of the ring. Run it without --replay");
        }

        var channel = context.ChannelOf(FunctionTags.RingAllReduce);
        learner = await RingLearner.OpenAsync(context, channel, cancellationToken);
        circle = new RingCircle(context, channel, learner, cancellationToken);
    }

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        try
        {
            await circle!.MoveAsync(cancellationToken);
        }
        catch (JobFailedException error) when (circle!.IsCoordinator)
        {
            learner!.Tell(error.Message);
            throw;
        }
    }
}
