using FlameEdge.State;

namespace FlameEdge.Federated;

/// <summary>What a process's state tells about runs it took part in.</summary>
public static class RunHistory
{
    /// <summary>True where a round was committed here or an update was made: throwing such state away would lose work.</summary>
    public static async Task<bool> HasProgressAsync(IStateStore state, CancellationToken cancellationToken) =>
        (await state.ListAsync(Checkpoints.RoundsCollection, cancellationToken)).Count > 0 || (await state.ListAsync(Outbox.Collection, cancellationToken)).Count > 0;

    /// <summary>The runs this process's workers have made updates for, or rounds of.</summary>
    public static async Task<IReadOnlySet<string>> RunsAsync(IStateStore state, CancellationToken cancellationToken)
    {
        var runs = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (_, json) in await state.ListAsync(Outbox.Collection, cancellationToken))
        {
            runs.Add(FederatedJson.Read(json, FederatedJson.Default.OutboxEntry).Head.Run);
        }

        foreach (var (_, json) in await state.ListAsync(Checkpoints.Collection, cancellationToken))
        {
            runs.Add(FederatedJson.Read(json, FederatedJson.Default.Checkpoint).Run);
        }

        return runs;
    }
}
