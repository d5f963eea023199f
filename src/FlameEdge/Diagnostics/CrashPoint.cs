using System.Diagnostics;

namespace FlameEdge.Diagnostics;

/// <summary>
/// Named places where a test may kill this process, as a power cut would, to prove that nothing acknowledged is lost.
/// <c>FLAMEEDGE_CRASH_AT=label</c> or <c>label:n</c> (the n-th time it is reached, from 1) arms one; otherwise it costs a null check.
/// </summary>
public static class CrashPoint
{
    private static readonly string? Armed = Environment.GetEnvironmentVariable("FLAMEEDGE_CRASH_AT");
    private static int reached;

    /// <summary>Kills this process with SIGKILL where <paramref name="label"/> is armed and its turn has come.</summary>
    public static void Reach(string label)
    {
        if (Armed is null)
        {
            return;
        }

        var colon = Armed.LastIndexOf(':');
        var (name, turn) = colon < 0 ? (Armed, 1) : (Armed[..colon], int.Parse(Armed.AsSpan(colon + 1)));
        if (name == label && Interlocked.Increment(ref reached) == turn)
        {
            Process.GetCurrentProcess().Kill();
            new ManualResetEventSlim().Wait();
        }
    }
}
