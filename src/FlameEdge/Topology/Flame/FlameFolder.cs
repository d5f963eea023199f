using FlameEdge.Topology.Checks;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Flame;

/// <summary>Reads a job as Flame keeps it: <c>schema.json</c>, <c>job.json</c> with the specifications it points to, and <c>datasets.json</c>, all unchanged.</summary>
/// <seealso href="https://github.com/cisco-open/flame"/>
public static class FlameFolder
{
    /// <summary>The file that tells such a folder from others.</summary>
    public const string SchemaFile = "schema.json";

    private static readonly string[] Files = ["schema", "job", "dataSpec", "modelSpec"];

    /// <summary>True for a folder that holds a Flame job.</summary>
    public static bool IsOne(string folder) => File.Exists(Path.Combine(folder, SchemaFile));

    /// <summary>The job, or null where <paramref name="problems"/> holds the reasons.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="overrides">Values that stand above the files': <c>job.backend</c>, <c>schema.roles.trainer.…</c>, <c>modelSpec.hyperparameters.rounds</c>.</param>
    /// <param name="programs">Programs on board, for a job that is to run; null for one that is only expanded.</param>
    /// <param name="problems">Takes everything found.</param>
    /// <param name="rolesHere">The roles whose workers run here, and so need their programs here; null for all.</param>
    public static JobSpec? Read(string folder, IReadOnlyList<SpecOverride> overrides, IReadOnlySet<string>? programs, SpecProblems problems, IReadOnlySet<RoleName>? rolesHere = null)
    {
        var schema = SpecFile.ReadJson<SpecMapping>(Path.Combine(folder, SchemaFile), "a mapping with roles and channels", problems);
        var job = SpecFile.ReadJson<SpecMapping>(Path.Combine(folder, "job.json"), "a mapping with a name", problems);
        var dataSpec = Part<SpecSequence>(job, "dataSpec", folder, "a list of { role, datasetGroups }", isNeeded: true, problems);
        var modelSpec = Part<SpecMapping>(job, "modelSpec", folder, "a mapping with hyperparameters", isNeeded: false, problems);
        if (schema is null || job is null || dataSpec is null || !problems.IsEmpty)
        {
            // The table of datasets is worth a look even so: all problems at once.
            FlameDatasets.Read(folder, problems);
            return null;
        }

        Override(new(StringComparer.Ordinal) { ["schema"] = schema, ["job"] = job, ["dataSpec"] = dataSpec, ["modelSpec"] = modelSpec }, overrides, problems);
        var draft = new FlameReader(problems).Read(schema, job, dataSpec, modelSpec, FlameDatasets.Read(folder, problems));
        return JobAssembly.Assemble(draft, programs, problems, rolesHere);
    }

    /// <summary>A specification that stands in the job itself, or in the file the job names.</summary>
    private static T? Part<T>(SpecMapping? job, string key, string folder, string wanted, bool isNeeded, SpecProblems problems)
        where T : SpecNode
    {
        switch (job?[key])
        {
            case T inline:
                return inline;
            case not null and not SpecScalar { IsNull: true }:
                problems.Add(job[key]!, $"job: {key} is {job[key]!.Kind}, but must be {wanted}");
                return null;
        }

        var path = job?[$"{key}Path"] is SpecScalar { Text.Length: > 0 } given ? given.Text : $"{key}.json";
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            problems.Add(job![$"{key}Path"]!, $"job: {key}Path holds a null character; name a file");
            return null;
        }

        var file = Path.Combine(folder, path);
        return isNeeded || job?[$"{key}Path"] is not null || File.Exists(file) ? SpecFile.ReadJson<T>(file, wanted, problems) : null;
    }

    private static void Override(Dictionary<string, SpecNode?> files, IReadOnlyList<SpecOverride> overrides, SpecProblems problems)
    {
        if (overrides.Count == 0)
        {
            return;
        }

        var position = new SpecPosition("--set");
        var root = new SpecMapping(position, files.Where(file => file.Value is not null).Select(file => new SpecEntry(new(position, file.Key), file.Value!)));
        SpecOverrides.Apply(root, overrides, Files, problems);
    }
}
