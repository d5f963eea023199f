namespace FlameEdge.Federated.Ring;

/// <summary>The work of a group whose rounds somebody above begins and ends: only the group's coordinator, its leader, hears of them.</summary>
internal interface ILedWork : IRingWork
{
    /// <summary>How long the group waits for its members' changes: less than who is above waits for the group.</summary>
    TimeSpan Deadline { get; }

    /// <summary>True while this member is in touch with who is above: a group without a quorum then waits for the next round instead of giving up.</summary>
    bool IsLed { get; }

    /// <summary>How the job ended, as heard from above; null while it has not.</summary>
    EndHead? End { get; }

    /// <summary>Completes when <see cref="LeadAsync"/> has something to do; null for nothing to wait for.</summary>
    Task? News { get; }

    /// <summary>Does what only a leader does: hears from above, which may move <see cref="IRingWork.Standing"/>, and sends the group's part up.</summary>
    /// <param name="samples">What the group has to learn from; null where this member does not lead.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task LeadAsync(long? samples, CancellationToken cancellationToken);
}
