export const USERS = {
  profile: 'users.profile',
  update: 'users.update',
} as const;

export interface Profile {
  id: number;
  version: number;
  name: string;
  email: string;
  memberSince: string;
  newsletter: boolean;
  addresses: { label: string; street: string; city: string }[];
  devices: { kind: string; lastSeen: string }[];
}

export interface ProfileChange {
  name?: string;
  newsletter?: boolean;
}

export interface ChangedProfile {
  id: number;
  version: number;
  name: string;
  newsletter: boolean;
}
