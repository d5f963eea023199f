namespace FlameEdge.Channels;

/// <summary>What every bulletin board does the same way.</summary>
public static class BulletinReading
{
    /// <summary>The first notice that has a text, within <paramref name="bound"/>; null where none came.</summary>
    public static async Task<Bulletin?> FirstAsync(
        this IBulletin bulletin, BulletinTopic topic, TimeSpan bound, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bulletin);
        using var timeout = new CancellationTokenSource(bound, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await foreach (var notice in bulletin.WatchAsync(topic, either.Token))
            {
                if (!notice.Json.IsEmpty)
                {
                    return notice;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The bound passed: nobody had anything to say.
        }

        return null;
    }
}
