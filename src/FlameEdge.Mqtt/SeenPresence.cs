using FlameEdge.Channels.Presence;

namespace FlameEdge.Mqtt;

/// <summary>A look at what stands retained of a worker's former runs, ended by the echo of something posted after the question.</summary>
internal sealed class SeenPresence(IReadOnlyCollection<string> topics)
{
    private readonly TaskCompletionSource answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long incarnation;

    /// <summary>Completes when all that stood there has been read.</summary>
    public Task Answered => answered.Task;

    /// <summary>The newest run seen so far; 0 for none.</summary>
    public long Incarnation => Interlocked.Read(ref incarnation);

    public void Take(string where, byte[] note)
    {
        if (topics.Contains(where) && PresenceJson.ReadHere(note) is { } found)
        {
            Interlocked.Exchange(ref incarnation, Math.Max(Incarnation, found.Incarnation));
        }
    }

    /// <summary>Our own life sign was read; a retained one is an old copy and proves nothing.</summary>
    public void Echo(bool isRetained)
    {
        if (!isRetained)
        {
            answered.TrySetResult();
        }
    }
}
