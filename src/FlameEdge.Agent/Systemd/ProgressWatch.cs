namespace FlameEdge.Agent.Systemd;

/// <summary>Tells the service manager of life only where there is progress: the main loop has turned and, where connected, the broker has answered.</summary>
/// <param name="notifier">The manager.</param>
/// <param name="sinceTurn">Time since the main loop turned.</param>
/// <param name="silence">Time since the broker's last word; null while not connected, which is no fault of ours.</param>
/// <param name="status">One line for people.</param>
/// <param name="time">The clock.</param>
internal sealed class ProgressWatch(SystemdNotifier notifier, Func<TimeSpan> sinceTurn, Func<TimeSpan?> silence, Func<string> status, TimeProvider time)
{
    private static readonly TimeSpan Unwatched = TimeSpan.FromSeconds(10);

    // The heartbeat speaks every 10 s at most, and each of its words is waited for 5 s.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(60);

    /// <summary>Looks and tells until cancelled, twice in every bound of the manager.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var said = string.Empty;
        while (true)
        {
            if (status() is var line && line != said)
            {
                notifier.Status(said = line);
            }

            if (HasProgress)
            {
                notifier.Alive();
            }

            await Task.Delay(notifier.Watchdog is { } bound ? bound / 3 : Unwatched, time, cancellationToken);
        }
    }

    /// <summary>Whether something has moved within the manager's bound.</summary>
    public bool HasProgress
    {
        get
        {
            var bound = notifier.Watchdog ?? Unwatched;
            return sinceTurn() < bound && (silence() is not { } quiet || quiet < (bound > LongestSilence ? bound : LongestSilence));
        }
    }
}
