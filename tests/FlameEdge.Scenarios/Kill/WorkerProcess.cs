using FlameEdge.Testing;

namespace FlameEdge.Scenarios.Kill;

/// <summary>One <c>flame-edge</c> process of a test.</summary>
internal static class WorkerProcess
{
    private static readonly string Native = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "flame-edge.exe" : "flame-edge");
    private static readonly string Tool = File.Exists(Native) ? Native : Path.Combine(AppContext.BaseDirectory, "flame-edge.dll");

    /// <summary>Starts <c>flame-edge</c> with its own environment.</summary>
    /// <param name="arguments">Its command line.</param>
    /// <param name="crashAt">The labelled point it dies at; null for none.</param>
    /// <param name="said">Told every line.</param>
    public static RunningProgram Start(IEnumerable<string> arguments, string? crashAt = null, Action<string>? said = null) => RunningProgram.Start(
        Tool,
        arguments,
        environment =>
        {
            environment.Remove("FLAMEEDGE_CRASH_AT");

            // Hundreds of short lives: compile quickly rather than well.
            environment["DOTNET_TieredPGO"] = "0";
            if (crashAt is not null)
            {
                environment["FLAMEEDGE_CRASH_AT"] = crashAt;
            }
        },
        said);
}
