using System.Text;
using System.Text.Unicode;
using FlameEdge.Topology;
using FlameEdge.Topology.Flame;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Agent.Reading;

/// <summary>A job as it was read from disk: its plan, or the reasons why there is none.</summary>
/// <param name="Plan">The job with all its workers; null where it was refused.</param>
/// <param name="Found">Problems and notes, for standard error.</param>
/// <param name="Text">The file's tree with overrides and parameters put in; null for a folder of Flame's.</param>
public sealed record JobReading(JobPlan? Plan, SpecProblems Found, SpecNode? Text);

/// <summary>Reads a job from whatever a path names: a JSON file, a folder that holds one, a folder of Flame's; YAML too, where there is a reader for it.</summary>
/// <param name="yaml">Reads YAML (text, file, problems); null on a device, which reads JSON only.</param>
public sealed class JobSource(Func<string, string, SpecProblems, SpecNode?>? yaml)
{
    private readonly string[] names = yaml is null ? ["job.json"] : ["job.yaml", "job.yml", "job.json"];

    /// <summary>Reads, checks and expands. Whatever the input, the answer is a reading: nothing the author can write throws.</summary>
    /// <param name="path">A job file, a folder that holds <c>job.yaml</c>, <c>job.yml</c> or <c>job.json</c>, or a folder of Flame's.</param>
    /// <param name="sets">Overrides, each <c>name=value</c>.</param>
    /// <param name="programs">Programs on board, for a job that is to run; null for one that is only expanded.</param>
    /// <param name="rolesHere">The roles whose workers run here, and so need their programs here; null for all.</param>
    public JobReading Read(string path, IReadOnlyList<string> sets, IReadOnlySet<string>? programs, IReadOnlySet<RoleName>? rolesHere = null)
    {
        var found = new SpecProblems();
        var overrides = Overrides(sets, found);
        var (job, text) = found.IsEmpty ? ReadSpec(path, overrides, programs, rolesHere, found) : default;
        return new(job is null ? null : Expansion.Expand(job), found, job is null ? null : text);
    }

    private (JobSpec? Job, SpecNode? Text) ReadSpec(string path, IReadOnlyList<SpecOverride> overrides, IReadOnlySet<string>? programs, IReadOnlySet<RoleName>? rolesHere, SpecProblems found)
    {
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal) || !Path.Exists(path))
        {
            found.Add(new SpecPosition(path.Length == 0 ? "(empty path)" : path), "there is nothing here; give a job file, or a folder that holds one");
            return default;
        }

        if (!Directory.Exists(path))
        {
            return IsPartOfFlame(path) ? (FlameFolder.Read(Path.GetDirectoryName(path)!, overrides, programs, found, rolesHere), null) : ReadFile(path, overrides, programs, rolesHere, found);
        }

        if (FlameFolder.IsOne(path))
        {
            return (FlameFolder.Read(path, overrides, programs, found, rolesHere), null);
        }

        if (names.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists) is { } file)
        {
            return ReadFile(file, overrides, programs, rolesHere, found);
        }

        found.Add(new SpecPosition(path), $"this folder holds no job; put {names[0]} there, or Flame's {FlameFolder.SchemaFile} with job.json");
        return default;
    }

    private static bool IsPartOfFlame(string path) =>
        Path.GetFileName(path) is FlameFolder.SchemaFile or "job.json" && FlameFolder.IsOne(Path.GetDirectoryName(path) ?? "");

    private (JobSpec? Job, SpecNode? Text) ReadFile(string path, IReadOnlyList<SpecOverride> overrides, IReadOnlySet<string>? programs, IReadOnlySet<RoleName>? rolesHere, SpecProblems found)
    {
        if (SpecFile.ReadBytes(path, found) is not { } bytes || Tree(bytes, path, found) is not { } root)
        {
            return default;
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? Path.DirectorySeparatorChar.ToString();
        return (JobReader.Read(root, folder, overrides, programs, found, rolesHere), root);
    }

    private SpecNode? Tree(ReadOnlySpan<byte> bytes, string path, SpecProblems found)
    {
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
        {
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        }

        if (!Utf8.IsValid(bytes) || bytes.Contains((byte)0))
        {
            found.Add(new SpecPosition(path), "this is not a text in UTF-8; give a YAML or JSON file");
            return null;
        }

        if (IsJson(bytes, path))
        {
            return JsonSpecReader.Read(bytes, path, found);
        }

        if (yaml is null)
        {
            found.Add(new SpecPosition(path), "this is no JSON, and a device reads nothing else; write the job with `flame-edge job json JOB` and give that file");
            return null;
        }

        return yaml(Encoding.UTF8.GetString(bytes), path, found);
    }

    private static bool IsJson(ReadOnlySpan<byte> bytes, string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".json" => true,
        ".yaml" or ".yml" => false,
        _ => bytes.TrimStart(" \t\r\n"u8).StartsWith("{"u8),
    };

    private List<SpecOverride> Overrides(IReadOnlyList<string> sets, SpecProblems found)
    {
        var overrides = new List<SpecOverride>(sets.Count);
        foreach (var set in sets)
        {
            var position = new SpecPosition($"--set {set}");
            var at = set.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                found.Add(position, "write name=value");
            }
            else if (Value(set[(at + 1)..], position, found) is { } value)
            {
                overrides.Add(new(set[..at], value));
            }
        }

        return overrides;
    }

    /// <summary>A single value, or a list or mapping in brackets.</summary>
    private SpecNode? Value(string text, SpecPosition position, SpecProblems found)
    {
        if (!text.StartsWith('[') && !text.StartsWith('{'))
        {
            return new SpecScalar(position, text, isQuoted: true);
        }

        return yaml is null ? JsonSpecReader.Read(Encoding.UTF8.GetBytes(text), position.File, found) : yaml(text, position.File, found);
    }
}
