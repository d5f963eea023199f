using FlameEdge.Diagnostics;
using FlameEdge.Federated.Ring;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Hybrid;

/// <summary>
/// A trainer of a group that has one voice above: members train from the same model and sum their changes around a ring; the lowest present leads, brings the mean up with the group's samples, and hands
/// the next model on round the ring. Steps: <c>initialize &gt;&gt; join &gt;&gt; (step)* &gt;&gt; finish</c>, a step being a model taken or a part made.
/// </summary>
/// <seealso href="https://arxiv.org/abs/2305.05118">Daga et al. 2023, hybrid federated learning</seealso>
public sealed class HybridTrainer(RoleContext context) : IRole
{
    private GroupLearner? learner;
    private RingCircle? circle;

    /// <inheritdoc/>
    public Step Compose() =>
        new Tasklet("initialize", InitializeAsync)
        >> new Tasklet("join", token => circle!.JoinAsync(learner!.Samples, token))
        >> Loop.Until(() => learner?.End is not null || circle?.End is not null, new Tasklet("step", token => circle!.MoveAsync(token)))
        >> new Tasklet("finish", FinishAsync);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (circle is not null)
        {
            await circle.DisposeAsync();
        }

        if (learner is not null)
        {
            await learner.DisposeAsync();
        }
    }

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        if (context.Replay is not null)
        {
            throw new TopologyException("a job with rings cannot be replayed: their sums are rounded in the order of the members. Run it without --replay");
        }

        learner = await GroupLearner.OpenAsync(context, context.ChannelOf(FunctionTags.Fetch), cancellationToken);
        circle = new RingCircle(context, context.ChannelOf(FunctionTags.RingAllReduce), learner, cancellationToken);
    }

    // Who heard it from above tells the group.
    private async Task FinishAsync(CancellationToken cancellationToken)
    {
        CrashPoint.Reach("group-ended");
        await circle!.LeaveAsync(learner!.End, cancellationToken);
        await learner.LeaveAsync(cancellationToken);
    }
}
