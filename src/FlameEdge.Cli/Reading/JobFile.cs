using FlameEdge.Agent.Reading;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Reading;

/// <summary>Reads a job as the tool does: YAML or JSON, a folder with <c>job.yaml</c>, or a folder of Flame's.</summary>
public static class JobFile
{
    /// <summary>The reader behind it.</summary>
    internal static JobSource Source { get; } = new(YamlSpecReader.Read);

    /// <summary>Reads, checks and expands. Whatever the input, the answer is a reading: nothing the author can write throws.</summary>
    /// <param name="path">A job file, a folder that holds <c>job.yaml</c>, <c>job.yml</c> or <c>job.json</c>, or a folder of Flame's.</param>
    /// <param name="sets">Overrides, each <c>name=value</c>.</param>
    /// <param name="programs">Programs on board, for a job that is to run; null for one that is only expanded.</param>
    /// <param name="rolesHere">The roles whose workers run here, and so need their programs here; null for all.</param>
    public static JobReading Read(string path, IReadOnlyList<string> sets, IReadOnlySet<string>? programs, IReadOnlySet<RoleName>? rolesHere = null) =>
        Source.Read(path, sets, programs, rolesHere);
}
