using FlameEdge.Control.Profiles;
using FlameEdge.Diagnostics;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Agent.Serving;

/// <summary>Finds the firmware profile an agent keeps to.</summary>
internal static class ProfileFile
{
    private static readonly string[] Folders = [Path.Combine(AppContext.BaseDirectory, "firmware-profiles"), "/usr/share/flameedge/firmware-profiles", "/etc/flameedge/firmware-profiles"];

    /// <summary>The profile; null where none is named.</summary>
    /// <param name="name">A file, or the name of a class.</param>
    /// <exception cref="TopologyException">There is none of that name, or it is broken.</exception>
    public static FirmwareProfile? Read(string? name)
    {
        if (name is null)
        {
            return null;
        }

        if (!SafeName.IsSafe(name))
        {
            return FirmwareProfile.Read(name);
        }

        // A class has a folder of its own; a publish for one class puts its profile right beside the program.
        var places = Folders.Select(folder => Path.Combine(folder, name, "profile.json")).Prepend(Path.Combine(AppContext.BaseDirectory, "profile.json")).Where(File.Exists);
        return places.Select(FirmwareProfile.Read).FirstOrDefault(profile => profile.Name == name)
            ?? throw new TopologyException($"there is no firmware profile '{name}' in {string.Join(", ", Folders)}; give the path of its profile.json");
    }
}
